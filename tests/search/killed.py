"""A program that searches, to be killed: `python -m tests.search.killed STORE LOG BUDGET WORKERS SAMPLER ETA`.

With an ETA above 0 it searches by rungs: three, of which 1 / ETA go on. Two further arguments are how long an
evaluation takes and the address of a Ray cluster that evaluates; without them that is done here, in milliseconds.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from archspec.experiment.engines import LOCAL, start_engine
from archspec.measures._settings import Settings
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.progress import Progress, Silent
from archspec.search.store import open_store
from archspec.search.trials import Objective, Trial
from archspec.spec import Named
from tests.search.fake_space import Analytic, Below, Curves, grid_96, text_of

BOUND = 9.0
FIDELITY = Fidelity((100, 300, 900), decay=0.3)
OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SLEEP_S = 0.004


class Receipts(Silent):
    """Notes every finished trial in a file: what a user has been told is done must never be lost."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def finished(self, trial: Trial, progress: Progress) -> None:
        at = f"@{FIDELITY.steps[trial.rung]}" if trial.rungs else ""
        os.write(self._file, f"trial {trial.state} {trial.key}{at}\n".encode())


def search(
    store: str,
    log: str,
    budget: int,
    workers: int,
    sampler: str,
    eta: float = 0.0,
    sleep_s: float = SLEEP_S,
    engine: Named = LOCAL,
) -> Search:
    kind = Curves if eta else Analytic
    return Search(
        grid_96(), Below(BOUND), kind(log=log, sleep_s=sleep_s), Settings(()), OBJECTIVES,
        open_store(store), "killed", budget, sampler=sampler, workers=workers, spec_text=text_of,
        progress=Receipts(Path(log)), fidelity=replace(FIDELITY, eta=eta) if eta else None,
        trained=lambda metric: metric == "miou", engine=partial(start_engine, engine=engine),
    )  # fmt: skip


def cluster_at(address: str) -> Named:
    """The engine of a cluster."""
    return Named("ray", {"address": address})


if __name__ == "__main__":
    store, log, budget, workers, sampler, eta, *more = sys.argv[1:]
    sleep_s, engine = (float(more[0]), cluster_at(more[1])) if more else (SLEEP_S, LOCAL)
    found = search(store, log, int(budget), int(workers), sampler, float(eta), sleep_s, engine).run()
    print(found.stopped, len(found.trials))
