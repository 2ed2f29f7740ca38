"""Several drivers and workers on one study, on a real PostgreSQL: each candidate once, and as fast as can be."""

import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.measures._settings import Settings
from archspec.search.driver import Search
from archspec.search.store import open_store
from archspec.search.trials import Objective
from tests.search.fake_space import Analytic, Below, all_feasible, grid_96, text_of

OBJECTIVES = (Objective("miou", "maximize"), Objective("cost"))
SETTINGS = Settings(("miou", "cost"))
JOINED = """
import sys
from tests.search.test_driver_distributed import joined
joined(*sys.argv[1:]).run()
"""


def search(url: str, study: str, workers: int, sleep_s: float, log: Path, budget: int = 40) -> Search:
    evaluator = Analytic(sleep_s=sleep_s, log=str(log))
    return Search(grid_96(), all_feasible, evaluator, SETTINGS, OBJECTIVES, open_store(url), study, budget,
                  sampler="random", workers=workers, spec_text=text_of)  # fmt: skip


def joined(url: str, study: str, log: str) -> Search:
    """What `archspec worker` does on a machine: the same study, with one worker here."""
    found = search(url, study, 1, 0.02, Path(log), budget=60)
    return replace(found, join=True, screen=Below(9.0), lease_s=2.0)


def check_each_once(url: str, study: str, log: Path, budget: int) -> None:
    trials = open_store(url).open_study(study).news()[0]
    done = [trial.key for trial in trials if trial.state == "done"]
    assert len(done) == budget and {trial.state for trial in trials} <= {"done", "rejected"}
    assert sorted(log.read_text().splitlines()) == sorted(done)


def test_machines_that_join_share_one_budget(postgresql_url: str, tmp_path: Path, root: Path) -> None:
    """Four drivers, each with a worker, on one PostgreSQL: no candidate twice, and not one more than was wanted."""
    study, log = uuid.uuid4().hex, tmp_path / "log"
    open_store(postgresql_url).create_study(study, "", 0)
    command = [sys.executable, "-c", JOINED, postgresql_url, study, str(log)]
    machines = [subprocess.Popen(command, cwd=root) for _ in range(4)]
    assert [machine.wait(timeout=120) for machine in machines] == [0] * 4
    check_each_once(postgresql_url, study, log, 60)
    trials = open_store(postgresql_url).open_study(study).news()[0]
    assert len({trial.worker for trial in trials if trial.state == "done"}) >= 2


def test_a_machine_that_dies_is_replaced(postgresql_url: str, tmp_path: Path, root: Path) -> None:
    study, log = uuid.uuid4().hex, tmp_path / "log"
    open_store(postgresql_url).create_study(study, "", 0)
    command = [sys.executable, "-c", JOINED, postgresql_url, study, str(log)]
    machines = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    deadline = time.monotonic() + 60
    while (not log.exists() or len(log.read_text().splitlines()) < 10) and time.monotonic() < deadline:
        time.sleep(0.01)
    machines[0].kill()
    assert [machine.wait(timeout=120) for machine in machines] == [-9, 0]
    trials = open_store(postgresql_url).open_study(study).news()[0]
    done = [trial.key for trial in trials if trial.state == "done"]
    assert len(done) == len(set(done)) == 60
    assert {trial.state for trial in trials} <= {"done", "rejected"}


def seconds(url: str, workers: int, sleep_s: float, log: Path) -> float:
    study = uuid.uuid4().hex
    made = search(url, study, workers, sleep_s, log)
    begun = time.monotonic()
    made.run()
    elapsed = time.monotonic() - begun
    check_each_once(url, study, log, 40)
    return elapsed


@pytest.mark.alone
@pytest.mark.slow
def test_four_workers_on_postgresql_do_the_work_of_more_than_three(postgresql_url: str, tmp_path: Path) -> None:
    """The issue's bar: at least 3.2 times one worker when evaluations only wait."""
    one = seconds(postgresql_url, 1, 0.25, tmp_path / "one")
    four = seconds(postgresql_url, 4, 0.25, tmp_path / "four")
    assert one / four >= 3.2, (one, four)


@pytest.mark.alone
@pytest.mark.slow
def test_two_workers_on_sqlite_do_the_work_of_nearly_two(sqlite_url: str, tmp_path: Path) -> None:
    one = seconds(sqlite_url, 1, 0.25, tmp_path / "one")
    two = seconds(sqlite_url, 2, 0.25, tmp_path / "two")
    assert one / two >= 1.6, (one, two)
