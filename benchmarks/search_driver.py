"""What a trial costs beside its evaluation, and how many are repeated: our driver and plain Optuna on SQLite.

Sixteen parameters and two objectives for the processor time, a grid of 96 points for the duplicates. Evaluations take
no time; both write every trial to an SQLite file. With rungs a trial is a candidate that is begun, whatever its rungs.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.reporters import Column, Table

SAMPLERS = ("random", "nsga2", "tpe", "evolution")
BARS_MS = {"random": 10.0, "nsga2": 10.0, "tpe": 70.0}
OPTUNA = {"random": "RandomSampler", "nsga2": "NSGAIISampler", "tpe": "TPESampler"}
BY_RUNGS, BAR_BY_RUNGS_MS = ("random", "evolution"), 15.0
GRID, HALF = 96, 50
LAST = 20

COLUMNS = (
    Column("sampler", "Sampler"),
    Column("cpu_ms", "CPU a trial", "ms", "number", 1),
    Column("last_ms", f"the last {LAST}", "ms", "number", 1),
    Column("optuna_ms", "Optuna on SQLite", "ms", "number", 1),
    Column("ratio", "Optuna / this", "", "number", 1),
    Column("repeated_50", f"repeated of {HALF}", "", "integer"),
    Column("optuna_repeated_50", "by Optuna", "", "integer"),
    Column("repeated_96", f"of {GRID}", "", "integer"),
    Column("optuna_repeated_96", "by Optuna", "", "integer"),
    Column("met", "bar"),
)


def search_driver(arguments: Namespace) -> tuple[Table, bool]:
    """The table; a bar that is missed shows in it."""
    count = 40 if arguments.quick else 200
    rows = []
    for sampler in SAMPLERS:
        tell(f"{sampler} …")
        ours = worker.ask(__file__, "ours", sampler, str(count))
        theirs = worker.ask(__file__, "optuna", sampler, str(count)) if sampler in OPTUNA else None
        bar = BARS_MS.get(sampler)
        judged = ours["last_ms"] if sampler == "tpe" else ours["cpu_ms"]
        good = bar is None or (judged <= bar and ours["repeated"] == [0, 0])
        rows.append(
            (
                sampler, ours["cpu_ms"], ours["last_ms"],
                theirs and theirs["cpu_ms"], theirs and theirs["cpu_ms"] / ours["cpu_ms"],
                ours["repeated"][0], theirs and theirs["repeated"][0],
                ours["repeated"][1], theirs and theirs["repeated"][1],
                "" if bar is None else f"≤ {bar:g} ms, none repeated: {'yes' if good else 'no'}",
            )
        )  # fmt: skip
    many = 60 if arguments.quick else 500
    for sampler in BY_RUNGS:
        tell(f"{sampler}, rungs …")
        found = worker.ask(__file__, "rungs", sampler, str(many))
        good = found["cpu_ms"] <= BAR_BY_RUNGS_MS and found["repeated"] == 0
        bar_met = f"≤ {BAR_BY_RUNGS_MS:g} ms, none repeated: {'yes' if good else 'no'}"
        rows.append((f"{sampler}, rungs", found["cpu_ms"], found["last_ms"], *(None,) * 6, bar_met))
    notes = conditions(
        rungs=f"{many} candidates begun, three rungs, of each the best third goes on; no rung is evaluated twice",
        space=f"16 parameters, 2 objectives, n = {count}; the grid has {GRID} points",
        CPU="of the whole process, all threads, from the first proposal to the last commit, divided by n; the bar of "
        f"tpe is on the last {LAST} trials, the others' on the mean",
        Optuna="the same sampler of Optuna with its defaults, `study.optimize` on RDBStorage in an SQLite file",
        repeated="evaluations of a candidate that had been evaluated before",
    )
    return Table("Overhead of a search", COLUMNS, tuple(rows), notes), True


# --- in processes of their own -------------------------------------------------------------------------------
def ours(sampler: str, count: int) -> dict[str, Any]:
    """Our driver, store and sampler."""
    from tests.search.fake_space import accuracy_and_cost, cell_values, grid_96, sixteen

    def searched(space: Any, values: Any, budget: int) -> tuple[list[float], int]:
        from archspec.measures._settings import Evaluation, Settings
        from archspec.search.driver import Search
        from archspec.search.store import open_store
        from archspec.search.trials import Objective
        from tests.search.fake_space import Analytic, all_feasible, text_of

        seen: list[str] = []

        class Noting(Analytic):
            def evaluate(self, spec_text: str, genome: Any, settings: Settings) -> Evaluation:
                seen.append(spec_text)
                return super().evaluate(spec_text, genome, settings)

        watch = _Clock()
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(str(Path(folder) / "trials.db"))
            objectives = (Objective("miou", "maximize"), Objective("cost"))
            Search(space, all_feasible, Noting(values=values), Settings(("miou", "cost")), objectives, store, "study",
                   budget, sampler=sampler, workers=0, spec_text=text_of, progress=watch).run()  # fmt: skip
            store.close()
        return watch.cpu_s, len(seen) - len(set(seen))

    cpu_s, _ = searched(sixteen(), cell_values, count)
    repeated = [searched(grid_96(), accuracy_and_cost, budget)[1] for budget in (HALF, GRID)]
    return {"cpu_ms": _ms(cpu_s, count), "last_ms": _ms(cpu_s, LAST), "repeated": repeated}


def rungs(sampler: str, count: int) -> dict[str, Any]:
    """Our driver by rungs."""
    from archspec.measures._settings import Evaluation, Settings
    from archspec.search.driver import Search
    from archspec.search.fidelity import Fidelity
    from archspec.search.store import open_store
    from archspec.search.trials import Objective
    from tests.search.fake_space import Curves, all_feasible, cell_values, sixteen, text_of

    seen: list[str] = []

    class Noting(Curves):
        def evaluate(self, spec_text: str, genome: Any, settings: Settings) -> Evaluation:
            seen.append(f"{spec_text}@{settings.training_steps}")
            return super().evaluate(spec_text, genome, settings)

    watch = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "trials.db"))
        objectives = (Objective("miou", "maximize"), Objective("cost"))
        Search(sixteen(), all_feasible, Noting(values=cell_values, noise=0.3), Settings(("miou", "cost")), objectives,
               store, "study", count, sampler=sampler, workers=0, spec_text=text_of, progress=watch,
               fidelity=Fidelity((100, 300, 900), decay=0.3)).run()  # fmt: skip
        store.close()
    whole = (watch.cpu_s[-1] - watch.cpu_s[0]) / count * 1e3
    return {"cpu_ms": whole, "last_ms": _ms(watch.cpu_s, LAST), "repeated": len(seen) - len(set(seen))}


def optuna(sampler: str, count: int) -> dict[str, Any]:
    """The baseline, as its documentation has it."""
    import optuna as library

    from tests.search.fake_space import accuracy_and_cost, cell_values, grid_96, sixteen

    library.logging.set_verbosity(logging.ERROR)
    warnings.simplefilter("ignore")

    def searched(space: Any, values: Any, budget: int, storage: str | None) -> tuple[list[float], int]:
        study = library.create_study(directions=["maximize", "minimize"], storage=storage,
                                     sampler=getattr(library.samplers, OPTUNA[sampler])(seed=0))  # fmt: skip
        seen, cpu_s = [], [time.process_time()]

        def objective(trial: Any) -> tuple[float, float]:
            genome = {p.name: trial.suggest_categorical(p.name, p.options) for p in space.decisions}
            seen.append(tuple(genome.values()))
            found: Mapping[str, float] = values(genome)
            return found["miou"], found["cost"]

        study.optimize(objective, n_trials=budget,
                       callbacks=[lambda study, trial: cpu_s.append(time.process_time())])  # fmt: skip
        return cpu_s, len(seen) - len(set(seen))

    with tempfile.TemporaryDirectory() as folder:
        cpu_s, _ = searched(sixteen(), cell_values, count, f"sqlite:///{Path(folder) / 'optuna.db'}")
    repeated = [searched(grid_96(), accuracy_and_cost, budget, None)[1] for budget in (HALF, GRID)]
    return {"cpu_ms": _ms(cpu_s, count), "repeated": repeated}


class _Clock:
    """Processor seconds after each trial."""

    def __init__(self) -> None:
        self.cpu_s: list[float] = []

    def started(self, progress: object) -> None:
        """From here on it counts."""
        self.cpu_s.append(time.process_time())

    def message(self, text: str) -> None:
        """Nothing."""

    def at_work(self, several: object) -> None:
        """Nothing."""

    def claimed(self, trial: object, progress: object) -> None:
        """Nothing."""

    def finished(self, trial: object, progress: object) -> None:
        """One more."""
        self.cpu_s.append(time.process_time())

    def ended(self, result: object) -> None:
        """Nothing."""


def _ms(cpu_s: list[float], last: int) -> float:
    return (cpu_s[-1] - cpu_s[-1 - last]) / last * 1e3


if __name__ == "__main__":
    if worker.is_worker():
        task, name, trials = worker.worker_arguments()
        worker.answer({"ours": ours, "optuna": optuna, "rungs": rungs}[task](name, int(trials)))
    else:
        run(search_driver, make_parser(__doc__).parse_args())
