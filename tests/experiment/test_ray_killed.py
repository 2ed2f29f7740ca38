"""Workers, whole nodes and drivers are killed at random moments: every work ends in one result that is written once."""

from __future__ import annotations

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

from tests.experiment.ray_cluster import ROOT, RayCluster, RayNode, cluster_of
from tests.experiment.traced import PREFIX, lines_of
from tests.needs import needed

KILLS = int(os.environ.get("ARCHSPEC_KILLS", "30"))
"""Of each kind."""
EACH_S = 1.5
SECONDS = 0.3
STUCK_S = 120.0  # in which at least one result comes


class Campaign:
    """A driver that is started again, and who kills it, workers, and nodes other than the head."""

    def __init__(self, cluster: RayCluster, folder: Path, seed: int) -> None:
        self.cluster, self.folder, self.random = cluster, folder, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.evaluated_again: list[str] = []
        self.texts: list[str] = []
        self.driver = self._driven()

    def more(self, count: int) -> None:
        """So many further works, of which the next driver hears."""
        self.texts += [f"{PREFIX}{SECONDS} {len(self.texts) + number}" for number in range(count)]
        (self.folder / "texts").write_text("\n".join(self.texts))

    def _driven(self) -> subprocess.Popen[bytes]:
        self.more(0)
        command = [sys.executable, "-m", "tests.experiment.ray_driver", self.cluster.address, str(self.folder)]
        with (self.folder / "driver.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def kill_worker(self) -> None:
        """One that evaluates."""
        workers = [pid for node in self.cluster.nodes for pid in node.workers]
        if workers:
            with suppress(ProcessLookupError):
                os.kill(self.random.choice(workers), signal.SIGKILL)
                self.kills["worker"] += 1

    def kill_node(self) -> None:
        """All its processes; it comes back at once."""
        there = [node for node in self.cluster.nodes[1:] if node.workers]
        if there:
            node: RayNode = self.random.choice(there)
            node.kill()
            self.kills["node"] += 1
            node.start()

    def kill_driver(self) -> None:
        """One that is at work; the next one begins at once."""
        if len(self.ready()) <= self.kills["driver"]:
            return
        self.driver.kill()
        self.driver.wait()
        self.kills["driver"] += 1
        self.driver = self._driven()

    def ready(self) -> list[str]:
        """A line for each driver that came as far as its first work."""
        path = self.folder / "drivers"
        return path.read_text().splitlines() if path.is_file() else []

    def written(self) -> Counter[str]:
        """The results in the store, by work."""
        return Counter(line.text for line in lines_of(self.folder / "store"))


@pytest.fixture
def killed_cluster() -> Iterator[RayCluster]:
    needed("ray")
    with cluster_of({}, {}, {}, {}) as cluster:
        yield cluster


@pytest.mark.slow
def test_whatever_is_killed_every_work_has_one_result(killed_cluster: RayCluster, tmp_path: Path) -> None:
    seed = int(os.environ.get("ARCHSPEC_KILLS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"ARCHSPEC_KILLS_SEED={seed}")
    campaign = Campaign(killed_cluster, tmp_path, seed)
    steps = (campaign.kill_worker, campaign.kill_node, campaign.kill_driver)
    moved, count = time.monotonic(), 0
    while min(campaign.kills[kind] for kind in ("worker", "node", "driver")) < KILLS:
        time.sleep(campaign.random.uniform(0.5, 1.5) * EACH_S / len(steps))
        short = [step for step in steps if campaign.kills[step.__name__.removeprefix("kill_")] < KILLS]
        campaign.random.choice(short)()
        if len(campaign.texts) - len(campaign.written()) < 40:
            campaign.more(40)
        if len(campaign.written()) > count:
            moved, count = time.monotonic(), len(campaign.written())
        assert time.monotonic() - moved < STUCK_S, state_of(campaign)
    (tmp_path / "enough").touch()
    while len(campaign.written()) < len(campaign.texts):
        time.sleep(0.2)
        if len(campaign.written()) > count:
            moved, count = time.monotonic(), len(campaign.written())
        assert time.monotonic() - moved < STUCK_S, state_of(campaign)
    assert campaign.driver.wait(STUCK_S) == 0, (tmp_path / "driver.log").read_text()
    print(f"{dict(campaign.kills)}, {count} works")
    assert campaign.written() == dict.fromkeys(campaign.texts, 1)
    assert evaluated_again(tmp_path) == []


def evaluated_again(folder: Path) -> list[str]:
    """Works that were evaluated again after an evaluation of them had ended, though nothing of the cluster's died."""
    ended = Counter(line.text for line in lines_of(folder / "done"))
    again = Counter(line.rpartition("|")[0] for line in (folder / "again").read_text().splitlines())
    return [text for text, count in ended.items() if count > 1 + again[text]]


def state_of(campaign: Campaign) -> str:
    log = (campaign.folder / "driver.log").read_text()[-3000:]
    lacking = set(campaign.texts) - set(campaign.written())
    return f"{dict(campaign.kills)}; lacking {sorted(lacking)[:9]}; {len(campaign.ready())} drivers; {log}"
