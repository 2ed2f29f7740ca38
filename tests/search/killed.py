"""A program that searches, to be killed: `python -m tests.search.killed STORE LOG BUDGET WORKERS SAMPLER`."""

import os
import sys
from pathlib import Path

from archspec.measures._settings import Settings
from archspec.search.driver import Search
from archspec.search.progress import Progress, Silent
from archspec.search.store import open_store
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import Analytic, Below, grid_96, text_of

BOUND = 9.0
OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))


class Receipts(Silent):
    """Notes every finished trial in a file: what a user has been told is done must never be lost."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def finished(self, trial: Trial, progress: Progress) -> None:
        os.write(self._file, f"trial {trial.state} {trial.key}\n".encode())


def search(store: str, log: str, budget: int, workers: int, sampler: str, sleep_s: float = 0.004) -> Search:
    return Search(
        grid_96(), Below(BOUND), Analytic(log=log, sleep_s=sleep_s), Settings(("miou", "cost")), OBJECTIVES,
        open_store(store), "killed", budget, sampler=sampler, workers=workers, spec_text=text_of,
        progress=Receipts(Path(log)), lease_s=2.0,
    )  # fmt: skip


if __name__ == "__main__":
    found = search(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]).run()
    print(found.stopped, len(found.trials))
