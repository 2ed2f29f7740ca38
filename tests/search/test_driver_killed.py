"""kill -9 of driver and workers at more than a hundred random moments: nothing is lost, repeated or stuck."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from archspec.search.progress import SearchResult
from archspec.search.store import open_store
from archspec.search.trials import FINISHED, Trial
from tests.search.fake_space import accuracy_and_cost, grid_96
from tests.search.killed import BOUND, FIDELITY, OBJECTIVES, search

KILLS = 105
PER_SESSION = 3  # of which the last is the driver's
FEASIBLE = sum((accuracy_and_cost(genome)["cost"] or 0.0) <= BOUND for genome in grid_96().genomes())
Kind = tuple[int, int, str, float]
KINDS: tuple[
    Kind, ...
] = (  # budget, workers, sampler; of those that go on to the next rung one in so many, 0: no rungs
    (60, 1, "evolution", 0.0),
    (40, 1, "random", 3.0),
    (FEASIBLE, 2, "random", 0.0),
    (30, 2, "grid", 1.01),  # with all going on the front is the same, whoever ended first
    (60, 1, "random", 0.0),
    (40, 1, "evolution", 3.0),
)


def start(folder: Path, root: Path, budget: int, workers: int, sampler: str, eta: float) -> subprocess.Popen[bytes]:
    arguments = (str(folder / "trials.db"), str(folder / "log"), str(budget), str(workers), sampler, str(eta))
    return subprocess.Popen([sys.executable, "-m", "tests.search.killed", *arguments], cwd=root)


def workers_of(driver: int) -> list[int]:
    """The fork server's children: the processes that evaluate."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    return [worker for server in children.get(driver, []) for worker in children.get(server, [])]


def lines(folder: Path) -> list[tuple[str, str]]:
    """What the evaluator and the driver noted in one file, in the order in which it happened: (what, key)."""
    text = (folder / "log").read_text() if (folder / "log").exists() else ""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        found.append((words[1], words[2]) if len(words) == 3 else ("evaluated", line))
    return found


def kill_on(folder: Path, driver: subprocess.Popen[bytes], generator: random.Random) -> Iterator[str]:
    """Kill workers, then the driver, each at a random moment after something new has happened."""
    for number in range(PER_SESSION):
        before, deadline = len(lines(folder)), time.monotonic() + 30
        while len(lines(folder)) == before and driver.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(generator.uniform(0, 0.03))
        if driver.poll() is not None:
            return
        if number == PER_SESSION - 1:
            driver.kill()
            yield "driver"
        elif found := workers_of(driver.pid):
            with suppress(ProcessLookupError):
                os.kill(generator.choice(found), signal.SIGKILL)
                yield "worker"


def searched(folder: Path, root: Path, generator: random.Random, kind: Kind) -> tuple[Counter[str], int]:
    """A search to its end, killed on the way: how often who was killed, and how many sessions it took."""
    killed: Counter[str] = Counter()
    for session in range(1, 60):
        driver = start(folder, root, *kind)
        killed.update(kill_on(folder, driver, generator))
        code = driver.wait(timeout=120)
        open_store(str(folder / "trials.db")).close()  # it opens at any moment
        if code == 0:
            return killed, session
        assert code == -signal.SIGKILL, "the driver ended by itself"
    raise AssertionError("it never ended")


def check_nothing_lost(folder: Path, trials: list[Trial], eta: float) -> None:
    """Every note of the driver is in the store; nothing that was recorded is evaluated again; nothing is left over."""
    noted, recorded = lines(folder), set()
    by_key = {trial.key: trial for trial in trials}
    assert len(by_key) == len(trials) and [trial.number for trial in trials] == list(range(len(trials)))
    assert {trial.state for trial in trials} <= {*FINISHED, "paused"} and (
        eta or all(t.state != "paused" for t in trials)
    )
    for what, key in noted:
        if what == "evaluated":
            assert key not in recorded, f"{key} was recorded, and evaluated again"
        else:
            name, _, steps = key.partition("@")
            assert key not in recorded
            assert by_key[name].state == what or FIDELITY.steps.index(int(steps)) < len(by_key[name].rungs)
            recorded.add(key)
    for trial in trials:
        for values in trial.rungs if eta else [trial.values] if trial.state == "done" else []:
            assert dict(values) == accuracy_and_cost(trial.genome)
        assert trial.steps == sum(map(FIDELITY.added, range(len(trial.rungs))))
        assert len(trial.rungs) == (trial.rung + 1 if eta and trial.state != "rejected" else 0)


def whole_searches(root: Path) -> dict[Kind, SearchResult]:
    """What a search of each kind ends with when nobody kills it."""
    found = {}
    for number, (budget, workers, sampler, eta) in enumerate(KINDS):
        folder = root / f"whole {number}"
        folder.mkdir()
        found[budget, workers, sampler, eta] = search(
            str(folder / "t.db"), str(folder / "log"), budget, 0, sampler, eta, 0.0
        ).run()
    return found


def check_study(folder: Path, kind: Kind, expected: SearchResult) -> None:
    """One worker: the very same trials. Two, and all that is feasible: the very same front."""
    store = open_store(str(folder / "trials.db"))
    trials = sorted(store.open_study("killed").trials(), key=lambda trial: trial.number)
    check_nothing_lost(folder, trials, kind[3])
    if kind[1] == 1:
        assert [outline(trial) for trial in trials] == [outline(trial) for trial in expected.trials]
    assert front(trials) == front(list(expected.trials))
    store.close()


@pytest.mark.slow
def test_killed_anywhere_it_ends_as_if_never_killed(tmp_path: Path, root: Path) -> None:
    generator = random.Random(7)
    killed: Counter[str] = Counter()
    whole = whole_searches(tmp_path)
    for study in range(100):
        kind = KINDS[study % len(KINDS)]
        folder = tmp_path / str(study)
        folder.mkdir()
        found, _ = searched(folder, root, generator, kind)
        killed += found
        check_study(folder, kind, whole[kind])
        if sum(killed.values()) >= KILLS:
            break
    assert sum(killed.values()) >= KILLS and killed["driver"] >= 20 and killed["worker"] >= 40, killed


def outline(trial: Trial) -> tuple[object, ...]:
    return trial.key, trial.state, trial.values, trial.rungs, trial.steps


def front(trials: list[Trial]) -> list[tuple[str, object]]:
    from archspec.search.pareto import pareto_front

    return [(trial.key, trial.values) for trial in pareto_front(trials, OBJECTIVES)]
