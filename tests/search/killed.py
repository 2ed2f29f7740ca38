"""A program that searches, to be killed: `python -m tests.search.killed STORE LOG BUDGET WORKERS SAMPLER ETA`.

With an ETA above 0 it searches by rungs: three, of which 1 / ETA go on.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from archspec.measures._settings import Settings
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.progress import Progress, Silent
from archspec.search.store import open_store
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import Analytic, Below, Curves, grid_96, text_of

BOUND = 9.0
FIDELITY = Fidelity((100, 300, 900), decay=0.3)
OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))


class Receipts(Silent):
    """Notes every finished trial in a file: what a user has been told is done must never be lost."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def finished(self, trial: Trial, progress: Progress) -> None:
        at = f"@{FIDELITY.steps[trial.rung]}" if trial.rungs else ""
        os.write(self._file, f"trial {trial.state} {trial.key}{at}\n".encode())


def search(
    store: str, log: str, budget: int, workers: int, sampler: str, eta: float = 0.0, sleep_s: float = 0.004
) -> Search:
    kind = Curves if eta else Analytic
    return Search(
        grid_96(), Below(BOUND), kind(log=log, sleep_s=sleep_s), Settings(("miou", "cost")), OBJECTIVES,
        open_store(store), "killed", budget, sampler=sampler, workers=workers, spec_text=text_of,
        progress=Receipts(Path(log)), fidelity=replace(FIDELITY, eta=eta) if eta else None,
        trained=lambda metric: metric == "miou",
    )  # fmt: skip


if __name__ == "__main__":
    found = search(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], float(sys.argv[6])).run()
    print(found.stopped, len(found.trials))
