"""The table of `search_quality.py --learning-curves`: what each way to search finds for its training steps."""

from __future__ import annotations

import multiprocessing
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from archspec.errors import user_error
from archspec.predictor.accuracy import spearman
from archspec.reporters import Column, Table
from archspec.search.samplers import samplers
from harness.command import tell
from harness.conditions import conditions
from harness.curve_table import CurveTable
from harness.tabular_searches import BUDGETS, Contender, Contest, contest_of, shares

HALVES = ("first", "second", "both")
SEEDS, LEAST_NETWORKS = 16, 8
CHEAP, DEAR = 20, 60  # full trainings: as good as random's at the second, for the first
ENOUGH = 14  # of 16 seeds
RANDOM, TPE = "random", "Optuna TPE"
OURS = ("random", "tpe", "evolution", "nsga2", "surrogate")
KNOWN: tuple[dict[str, Any], ...] = (  # of camvid_mobile: the published cell, the plain head, and camvid_mobilenetv2
    {"trunk": "shufflenet_0.5", "trunk.shufflenet_0.5.backbone.shufflenet_v2.until": "stage4", "input.scale": 1.0,
     "output_stride": 16, "head": "dpc", "head.dpc.filters": 128, "neck": "none"},
    {"trunk": "shufflenet_0.5", "trunk.shufflenet_0.5.backbone.shufflenet_v2.until": "stage4", "input.scale": 1.0,
     "output_stride": 16, "head": "basic", "head.basic.filters": 128, "neck": "none"},
    {"trunk": "mobilenet_1.0", "backbone.mobilenet_v2.until": "stage7", "input.scale": 1.0, "output_stride": 32,
     "head": "aspp", "head.aspp.filters": 128, "head.aspp.rates": "[4, 8, 12]", "neck": "lateral4",
     "neck.lateral4.decoder[0].lateral_sums.filters": "[128, 96, 64]",
     "neck.lateral4.decoder[0].lateral_sums.separable": "false"},
)  # fmt: skip

COLUMNS = (
    Column("contender", "Search"),
    *(Column(f"mean_{n}", f"at {n}", "", "number", 3) for n in BUDGETS),
    Column("std", f"± at {CHEAP}", "", "number", 3),
    Column("random", f"at {CHEAP} ≥ random at {DEAR}"),
    Column("tpe", f"at {CHEAP} ≥ {TPE} at {DEAR}"),
    Column("met", f"both in ≥ {ENOUGH} of {SEEDS}"),
)


def contenders() -> list[Contender]:
    """Random and plain Optuna first; then ours without rungs, with them, and with priors too."""
    ours = [name for name in OURS if name in samplers()]
    return [
        Contender(RANDOM, "random"),
        Contender(TPE, "TPESampler", "optuna"),
        Contender("Optuna TPE + Hyperband, mIoU alone", "TPESampler", "optuna", rungs=True),
        *(Contender(name, name) for name in ours if name != RANDOM),
        *(Contender(f"{name} + rungs", name, rungs=True) for name in ours),
        *(Contender(f"{name} + rungs + priors", name, rungs=True, priors=True) for name in ours),
    ]


def tabular_comparison(arguments: Namespace) -> tuple[Table, bool]:
    """The share of the true front at each budget, over seeds; whether any of ours is as good as the bar asks."""
    where = arguments.learning_curves, arguments.half, arguments.eta, arguments.places
    contest = read_contest(*where)
    seeds = range(2 if arguments.quick else SEEDS)
    chosen = [one for one in contenders() if _is_wanted(one, arguments.only)]
    most = DEAR if arguments.all_budgets else CHEAP
    work = [(one, seed, most) for one in chosen for seed in seeds]
    tell(f"{len(work)} searches over {len(contest.rows)} networks …")
    if arguments.processes > 1:
        context = multiprocessing.get_context("forkserver")
        with context.Pool(arguments.processes, _begin, where) as pool:
            found = pool.starmap(_shares, work, chunksize=1)
    else:
        _begin(*where)
        found = [_shares(*one) for one in work]
    by_name = {one.name: found[index * len(seeds) : (index + 1) * len(seeds)] for index, one in enumerate(chosen)}
    rows = [_row(one, by_name) for one in chosen]
    met = any(row[-1] == "yes" for row in rows) or arguments.quick or len(seeds) < SEEDS
    return Table("Searches over learning curves", COLUMNS, tuple(rows), notes(contest, arguments, len(seeds))), met


def read_contest(file: Path, half: str, eta: float, places: int) -> Contest:
    """The contest over a half of a table, ours with so many evaluations at once.

    Raises `UserError` for one with too few networks.
    """
    contest = contest_of(CurveTable.read(file), half, KNOWN)
    if len(contest.rows) < LEAST_NETWORKS:
        fact = f"{file.name} has {len(contest.rows)} trained networks in this half"
        raise user_error(fact, "Make more rows with benchmarks/learning_curves.py")
    return replace(contest, fidelity=replace(contest.fidelity, eta=eta), places=places)


def _is_wanted(one: Contender, only: str | None) -> bool:
    return only is None or one.name in (RANDOM, TPE) or any(part in one.name for part in only.split(","))


_contest: list[Contest] = []  # of this process: it is read once


def _begin(file: Path, half: str, eta: float, places: int) -> None:
    _contest[:] = [read_contest(file, half, eta, places)]


def _shares(contender: Contender, seed: int, most: int) -> list[float | None]:
    return shares(_contest[0], contender, seed, most=most)


def _row(one: Contender, by_name: dict[str, list[list[float | None]]]) -> tuple[object, ...]:
    columns = [_numbers(column) for column in zip(*by_name[one.name], strict=True)]
    at = columns[BUDGETS.index(CHEAP)]
    dear = BUDGETS.index(DEAR)
    wins = [_wins(at, _numbers(row[dear] for row in by_name[other])) for other in (RANDOM, TPE)]
    said = [f"{count} of {len(at)}" for count in wins]
    judged = one.library == "ours" and one.name != RANDOM
    met = ("yes" if min(wins) >= ENOUGH * len(at) / SEEDS else "no") if judged else ""
    return (one.name, *(mean(column) if column else None for column in columns), stdev(at), *said, met)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _wins(ours: Sequence[float], theirs: Sequence[float]) -> int:
    """In how many seeds ours is at least theirs, but for rounding."""
    return sum(one >= other - 1e-9 for one, other in zip(ours, theirs, strict=True))


def notes(contest: Contest, arguments: Namespace, seeds: int) -> tuple[str, ...]:
    """The conditions, and how well each rung ranks the last."""
    steps, last, rows = contest.fidelity.steps, contest.fidelity.last, contest.rows
    ranks = []
    for rung in range(last + 1):
        for seed in contest.seeds:
            other = [one for one in contest.seeds if one != seed]
            final = [mean(row.scores[last, one] for one in other or (seed,)) for row in rows]
            ranks.append((steps[rung], seed, spearman([row.scores[rung, seed] for row in rows], final)))
    said = ", ".join(f"{at} steps, seed {seed}: {found:.2f}" for at, seed, found in ranks)
    return conditions(
        table=f"{arguments.learning_curves.name}, {arguments.half} half, n = {len(rows)}, front {len(contest.front)}",
        rank_correlation_with_the_other_seeds_last_rung=f"{said} (n = {len(rows)})",
        predicted_with_measured_latency=_latency_ranks(contest),
        spent=f"training steps in full trainings' worth ({steps[-1]}); a rung costs what its trunk lacks and its decay",
        share=f"of the true front's hypervolume (mIoU of all seeds' mean, {contest.cost}); the search sees one seed",
        seeds=f"{seeds}, the same for every search; eta {contest.fidelity.eta:g}",
        at_once=f"{contest.places} evaluations of ours, each as long as its steps",
    )


def _latency_ranks(contest: Contest) -> str:
    """How costs that are known before rank the latency that was measured."""
    rows = [row for row in contest.rows if row.costs["latency_ratio"] is not None]
    measured = [row.costs["latency_ratio"] or 0.0 for row in rows]
    found = []
    for name in ("predicted_latency_ms", "gmacs", "params"):
        values = [row.costs[name] for row in rows]
        if rows and None not in values:
            found.append(f"{name} {spearman([one or 0.0 for one in values], measured):.3f}")
    return f"{', '.join(found)} (rank correlation, n = {len(rows)})"
