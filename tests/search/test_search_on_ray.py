"""A search on a Ray cluster: each candidate is evaluated once, also when the driver is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archspec.search.progress import SearchResult
from archspec.search.store import open_store
from archspec.search.trials import Trial
from tests.experiment.ray_cluster import RayCluster, cluster_of, disconnect
from tests.needs import needed
from tests.search.fake_space import accuracy_and_cost
from tests.search.killed import cluster_at, search
from tests.search.test_driver_killed import check_nothing_lost, lines

KILLS = int(os.environ.get("ARCHSPEC_KILLS", "10"))
"""Of drivers."""
KILLS_EACH = 5  # at most so many of a search
ALL_GO_ON = 1.01  # which ones would depend on who is first
KINDS = ((60, 0.0), (20, ALL_GO_ON))  # budget and eta
EVALUATION_S = 0.1
STARTING_S, WORKING_S = 3.0, 0.5  # a driver is killed within so long of its start, or of its first finished trial
STUCK_S = 120.0


@pytest.fixture(scope="module")
def standing() -> Iterator[RayCluster]:
    needed("ray")
    with cluster_of({}, {}, {}, {}) as cluster:
        yield cluster


@pytest.fixture
def cluster(standing: RayCluster) -> Iterator[RayCluster]:
    yield standing
    disconnect()


def on_cluster(cluster: RayCluster, folder: Path, budget: int, eta: float) -> SearchResult:
    files = str(folder / "trials.db"), str(folder / "log")
    return search(*files, budget, 1, "random", eta, 0.0, cluster_at(cluster.address)).run()


def on_this_machine(folder: Path, budget: int, eta: float) -> SearchResult:
    folder.mkdir()
    return search(str(folder / "trials.db"), str(folder / "log"), budget, 0, "random", eta, 0.0).run()


def outlines(trials: tuple[Trial, ...] | list[Trial]) -> dict[str, object]:
    """What is known of each candidate; numbers and times are another matter."""
    return {trial.key: (trial.state, trial.values, trial.rungs, trial.steps) for trial in trials}


def evaluated(folder: Path) -> Counter[str]:
    return Counter(key for what, key in lines(folder) if what == "evaluated")


# --- undisturbed ------------------------------------------------------------------------------------------------------


def test_each_candidate_is_evaluated_once_and_found_as_on_one_machine(cluster: RayCluster, tmp_path: Path) -> None:
    found = on_cluster(cluster, tmp_path, 60, 0.0)
    done = {trial.key: dict(trial.values) for trial in found.trials if trial.state == "done"}
    assert evaluated(tmp_path) == dict.fromkeys(done, 1) and len(done) == 60
    assert done == {trial.key: accuracy_and_cost(trial.genome) for trial in found.trials if trial.key in done}
    here = on_this_machine(tmp_path / "here", 60, 0.0)
    assert outlines(found.trials) == outlines(here.trials)
    assert {trial.key for trial in found.front} == {trial.key for trial in here.front}
    assert found.stopped == here.stopped == "budget"


def test_each_rung_is_evaluated_once(cluster: RayCluster, tmp_path: Path) -> None:
    found = on_cluster(cluster, tmp_path, 12, ALL_GO_ON)
    here = on_this_machine(tmp_path / "here", 12, ALL_GO_ON)
    assert outlines(found.trials) == outlines(here.trials)
    assert evaluated(tmp_path) == evaluated(tmp_path / "here")
    assert set(evaluated(tmp_path).values()) == {1}


def test_of_each_rung_the_better_ones_go_on(cluster: RayCluster, tmp_path: Path) -> None:
    found = on_cluster(cluster, tmp_path, 12, 3.0)
    once = Counter(f"{trial.key}@{steps}" for trial in found.trials for steps in (100, 300, 900)[: len(trial.rungs)])
    assert evaluated(tmp_path) == once
    assert found.counts["done"] >= 1 and found.counts["paused"] > found.counts["done"]


# --- killed -----------------------------------------------------------------------------------------------------------


def driver(cluster: RayCluster, folder: Path, root: Path, budget: int, eta: float) -> subprocess.Popen[bytes]:
    arguments = [str(folder / "trials.db"), str(folder / "log"), f"{budget}", "1", "random", f"{eta}"]
    command = [sys.executable, "-m", "tests.search.killed", *arguments, f"{EVALUATION_S}", cluster.address]
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(command, cwd=root, stdout=log, stderr=log)


def told(folder: Path) -> int:
    """Of how many trials the user was told that they are finished."""
    return sum(what != "evaluated" for what, _ in lines(folder))


def kill_at_random(driver: subprocess.Popen[bytes], folder: Path, generator: random.Random) -> None:
    """While it starts or goes on with what it finds, or while it works."""
    before, end = told(folder), time.monotonic() + STUCK_S
    if generator.random() < 0.3:
        time.sleep(generator.uniform(0, STARTING_S))
    else:
        while told(folder) == before and driver.poll() is None:
            assert time.monotonic() < end, (folder / "driver.log").read_text()
            time.sleep(0.005)
        time.sleep(generator.uniform(0, WORKING_S))
    driver.kill()


def killed_search(cluster: RayCluster, folder: Path, root: Path, kind: tuple[int, float], generator: random.Random,
                  kills: int) -> int:  # fmt: skip
    """A search to its end, by drivers of which at most so many are killed; how many were."""
    folder.mkdir()
    for killed in range(kills + 1):
        running = driver(cluster, folder, root, *kind)
        try:
            if killed < kills:
                kill_at_random(running, folder, generator)
            code = running.wait(STUCK_S)
        finally:
            running.kill()
        if code == 0:
            return killed
        assert code == -signal.SIGKILL, (folder / "driver.log").read_text()
    raise AssertionError("the last one was not killed")


@pytest.mark.slow
def test_whenever_the_driver_is_killed_each_candidate_is_evaluated_once(
    cluster: RayCluster, tmp_path: Path, root: Path
) -> None:
    """What had finished on the cluster is heard, and what ran when the driver was killed is taken up."""
    seed = int(os.environ.get("ARCHSPEC_KILLS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"ARCHSPEC_KILLS_SEED={seed}")
    generator, kills, study = random.Random(seed), 0, 0
    whole = {kind: on_this_machine(tmp_path / f"whole-{kind[0]}", *kind) for kind in KINDS}
    while kills < KILLS:
        kind, folder = KINDS[study % len(KINDS)], tmp_path / f"{study}"
        kills += killed_search(cluster, folder, root, kind, generator, min(KILLS_EACH, KILLS - kills))
        study += 1
        with closing(open_store(folder / "trials.db")) as store:
            trials = sorted(store.open_study("killed").trials(), key=lambda trial: trial.number)
        check_nothing_lost(folder, trials, kind[1])
        assert outlines(trials) == outlines(whole[kind].trials)
        assert evaluated(folder) == evaluated(tmp_path / f"whole-{kind[0]}")
        assert set(evaluated(folder).values()) == {1}
    print(f"{kills} drivers were killed in {study} searches")
