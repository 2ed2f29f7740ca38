"""How much of the true front each sampler finds in a part of a grid of 96, against random and against plain Optuna.

Three pairs of analytic objectives with fronts of 25, 13 and 17 points; every sampler with the same seeds. Synthetic:
a check of the harness and of the samplers, no claim about networks.

With --learning-curves the same is asked of real networks: searches over a table of trainings at three lengths
(benchmarks/learning_curves.py), random, plain Optuna and ours with and without rungs and priors. What is spent is
training steps, in full trainings' worth. Settings are chosen on one half of the networks and judged on the other:

    python benchmarks/search_quality.py --learning-curves benchmarks/tables/camvid_mobile.csv --half second
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness.command import make_parser, run, tell
from harness.conditions import conditions
from harness.tabular_comparison import HALVES, tabular_comparison

from archspec.measures._settings import Evaluation, Settings
from archspec.reporters import Column, Table
from archspec.search.candidates import Candidate
from archspec.search.driver import Search
from archspec.search.pareto import Point, hypervolume, non_dominated, reference_point
from archspec.search.store import open_store
from archspec.search.trials import Objective, costs
from tests.search.fake_space import PROBLEMS, Analytic, grid_96, text_of

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SAMPLERS = ("random", "tpe", "nsga2", "nsga3", "evolution", "surrogate")
OPTUNA = {"Optuna TPE": "TPESampler", "Optuna NSGA-II": "NSGAIISampler", "Optuna random": "RandomSampler"}
POINTS = (16, 32, 48)
BAR = 0.99

COLUMNS = (
    Column("problem", "Objectives"),
    Column("front", "Front", "", "integer"),
    Column("sampler", "Sampler"),
    *(Column(f"mean_{n}", f"at {n}", "", "number", 4) for n in POINTS),
    *(Column(f"std_{n}", f"± {n}", "", "number", 4) for n in POINTS),
    Column("better", "better than random at 48", "", "text"),
    Column("met", f"≥ {BAR:g} at 48"),
)


def search_quality(arguments: Namespace) -> tuple[Table, bool]:
    """Share of the true hypervolume, mean and standard deviation over seeds."""
    if arguments.learning_curves is not None:
        return tabular_comparison(arguments)
    seeds = 2 if arguments.quick else 16
    problems = dict(list(PROBLEMS.items())[:1]) if arguments.quick else PROBLEMS
    rows = []
    for problem, values in problems.items():
        everything = [point for genome in grid_96().genomes() if (point := costs(OBJECTIVES, values(genome)))]
        front, reference = len(non_dominated(everything)), reference_point(everything)
        whole = hypervolume(everything, reference)
        random_shares: list[list[float]] = []
        for sampler in (*SAMPLERS, *OPTUNA):
            tell(f"{problem}: {sampler} …")
            find = optuna if sampler in OPTUNA else ours
            shares = [
                [hypervolume(points[:n], reference) / whole for n in POINTS]
                for points in (find(sampler, values, seed) for seed in range(seeds))
            ]
            random_shares = random_shares or shares
            columns = list(zip(*shares, strict=True))
            wins = sum(one[-1] > other[-1] for one, other in zip(shares, random_shares, strict=True))
            judged = "" if sampler in OPTUNA else "yes" if statistics.mean(columns[-1]) >= BAR else "no"
            spread = [statistics.stdev(column) for column in columns]
            better = "" if sampler == "random" else f"{wins} of {seeds} seeds"
            rows.append((problem, front, sampler, *map(statistics.mean, columns), *spread, better, judged))
    notes = conditions(
        grid="width 4 x output stride 2 x head 2 x depth 3 x kernel 2 = 96 points",
        share="hypervolume of the first n unique evaluations (Optuna: of its first n trials, repeated ones among "
        "them) by that of all 96 points; the reference is the worst of all points and a tenth of the range",
        seeds=f"{seeds}, the same for every sampler; ± is the standard deviation over them",
    )
    return Table("Quality of a search", COLUMNS, tuple(rows), notes), True


def ours(sampler: str, values: Any, seed: int) -> list[Point]:
    """The costs of the unique evaluations, in order."""

    def screen(candidate: Candidate) -> Evaluation:
        return Evaluation({"cost": values(candidate.genome)["cost"]})  # known before anything is trained

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "trials.db"))
        result = Search(
            grid_96(), screen, Analytic(values=values), Settings(("miou", "cost")), OBJECTIVES, store, "study",
            max(POINTS), sampler=sampler, seed=seed, workers=0, spec_text=text_of,
        ).run()  # fmt: skip
        store.close()
    return [point for trial in result.trials if (point := costs(OBJECTIVES, trial.values))]


def optuna(sampler: str, values: Any, seed: int) -> list[Point]:
    """Plain Optuna in memory, as its documentation has it."""
    import optuna as library

    library.logging.set_verbosity(logging.ERROR)
    found: list[Point] = []

    def objective(trial: Any) -> tuple[float, float]:
        genome = {p.name: trial.suggest_categorical(p.name, p.options) for p in grid_96().decisions}
        point = costs(OBJECTIVES, values(genome))
        found.append(point or ())
        return genome_values(values(genome))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = getattr(library.samplers, OPTUNA[sampler])(seed=seed)
        study = library.create_study(directions=["maximize", "minimize"], sampler=made)
        study.optimize(objective, n_trials=max(POINTS))
    return found


def genome_values(values: dict[str, float]) -> tuple[float, float]:
    """The two objectives as Optuna wants them."""
    return values["miou"], values["cost"]


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--learning-curves", type=Path, metavar="TABLE", help="search this table's networks instead")
    parser.add_argument("--half", choices=HALVES, default="second", help="which networks (default: second)")
    parser.add_argument("--only", metavar="NAME,...", help="contenders whose name has one of these (and random)")
    parser.add_argument("--all-budgets", action="store_true", help="searches with rungs at 40 and 60, too: slower")
    parser.add_argument("--eta", type=float, default=2.0, help="of a rung the best 1/ETA go on (default: 2)")
    parser.add_argument("--places", type=int, default=1, help="evaluations of ours at once, simulated (default: 1)")
    parser.add_argument("--processes", type=int, default=2, help="default: 2")
    run(search_quality, parser.parse_args())
