"""A Ray cluster: works are spread, held when their driver dies, begun again when a node does, and find their files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from archspec.datasets import open_dataset
from archspec.errors import UserError
from archspec.experiment.engines import Engine, Evaluator, Work, WorkResult, start_engine
from archspec.experiment.engines.ray import RayEngine
from archspec.measures import Settings
from archspec.spec import Named
from tests.experiment.evaluators import Obedient
from tests.experiment.ray_cluster import ROOT, RayCluster, RayNode, free_ports
from tests.experiment.traced import Reading, Traced, lines_of
from tests.needs import needed

PATIENCE_S = 90.0


@contextmanager
def engine_on(cluster: RayCluster, evaluator: Evaluator, **options: Any) -> Iterator[RayEngine]:
    made = start_engine(1, evaluator, Named("ray", {"address": cluster.address, **options}))
    assert isinstance(made, RayEngine)
    try:
        yield made
    finally:
        made.stop()


def work(number: int, text: str, file: str = "") -> Work:
    return Work(number, text, Settings((), latency_table=file))


def finished(engine: Engine, count: int) -> dict[int, WorkResult]:
    found: dict[int, WorkResult] = {}
    end = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end:
        found |= {one.number: one for one in engine.wait(0.5)}
    assert len(found) == count, f"{found}, at work: {engine.at_work}"
    return found


def done(engine: Engine, texts: list[str]) -> dict[int, WorkResult]:
    """The results of all texts, as places become free."""
    found: dict[int, WorkResult] = {}
    for number, text in enumerate(texts):
        while not engine.free:
            found |= {one.number: one for one in engine.wait(0.5)}
        engine.start(work(number, text))
    return found | finished(engine, engine.busy)


def value_of(result: WorkResult, name: str) -> float:
    assert result.evaluation is not None, result
    return result.evaluation.values[name] or 0


def pid_of(result: WorkResult) -> int:
    return int(value_of(result, "pid"))


def await_true(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    assert what()


@contextmanager
def node_added(
    cluster: RayCluster, name: str, *more: tuple[str, dict[str, str]], resource: str, home: Path | None = None
) -> Iterator[RayNode]:
    """A node with one of a resource of its own, and further ones with an environment of their own."""
    added = [cluster.add({resource: 1}, {} if home is None else {"HOME": str(home)}, name)]
    added += [cluster.add({resource: 1}, environment, other) for other, environment in more]
    try:
        cluster.await_nodes()
        yield added[0]
    finally:
        for node in added:
            node.kill()
            cluster.nodes.remove(node)


# --- places -----------------------------------------------------------------------------------------------------------


def test_works_are_spread_over_the_nodes(cluster: RayCluster, tmp_path: Path) -> None:
    with engine_on(cluster, Traced(str(tmp_path))) as engine:
        assert engine.free == 4
        found = done(engine, [f"sleep 1 {number}" for number in range(10)])
    assert {pid_of(one) for one in found.values()} == {line.pid for line in lines_of(tmp_path / "done")}
    assert {line.node for line in lines_of(tmp_path / "done")} == {node.name for node in cluster.nodes}
    steps = [(line.time_s, step) for name, step in (("begun", 1), ("done", -1)) for line in lines_of(tmp_path / name)]
    running = list(accumulate(step for _, step in sorted(steps)))
    assert len(steps) == 20 and 2 <= max(running) <= 4


def test_gpus_are_shared_and_their_processes_are_not_used_again(cluster: RayCluster, tmp_path: Path) -> None:
    """Two nodes of one GPU, half of one for each work."""
    with engine_on(cluster, Traced(str(tmp_path)), gpus=0.5, cpus=0.25) as engine:
        assert engine.free == 4
        found = done(engine, [f"sleep 0.5 {number}" for number in range(6)])
    assert len({pid_of(one) for one in found.values()}) == 6


def test_ahead_are_begun_more_than_there_is_room_for(cluster: RayCluster, tmp_path: Path) -> None:
    with engine_on(cluster, Traced(str(tmp_path)), resources={"one": 1}, ahead=2) as engine:
        assert engine.free == 3
        for number in range(3):
            engine.start(work(number, f"sleep 0.5 {number}"))
        assert (engine.free, engine.busy) == (0, 3)
        assert len(finished(engine, 3)) == 3
    assert len(lines_of(tmp_path / "done")) == 3


def test_a_cluster_without_room_says_so_once_and_is_asked_again(cluster: RayCluster, tmp_path: Path) -> None:
    with engine_on(cluster, Traced(str(tmp_path)), resources={"later": 1}) as engine:
        assert (engine.free, engine.busy, list(engine.wait(0.1))) == (0, 0, [])
        (line,) = engine.messages
        assert "no node of the cluster has room" in line and "later 1" in line
        assert (list(engine.wait(0.1)), list(engine.messages)) == ([], [])
        with node_added(cluster, "late", resource="later"):
            await_true(lambda: list(engine.wait(0.2)) == [] and engine.free == 1)
            assert done(engine, ["sleep 0"])[0].ended == ""


def test_through_ray_client(cluster: RayCluster, tmp_path: Path) -> None:
    with engine_on(cluster, Traced(str(tmp_path)), address=cluster.client, resources={"one": 1}) as engine:
        assert done(engine, ["sleep 0"])[0].ended == ""
    assert [line.node for line in lines_of(tmp_path / "done")] == ["node0"]


# --- drivers ----------------------------------------------------------------------------------------------------------


def driver(address: str, folder: Path, *texts: str) -> subprocess.Popen[bytes]:
    (folder / "texts").write_text("\n".join(texts))
    command = [sys.executable, "-m", "tests.experiment.ray_driver", address, str(folder)]
    with (folder / "driver.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


@pytest.mark.parametrize("through", ["address", "client"])
def test_what_a_killed_driver_left_is_taken_up(cluster: RayCluster, tmp_path: Path, through: str) -> None:
    """Two works were finished when it died, and not heard; two ran, and go on to their end."""
    address = getattr(cluster, through)
    texts = ["sleep 0 a", "sleep 0 b", "sleep 8 c", "sleep 8 d"]
    (tmp_path / "deaf").touch()
    killed = driver(address, tmp_path, *texts)
    await_true(lambda: len(lines_of(tmp_path / "begun")) == 4 and len(lines_of(tmp_path / "done")) == 2)
    killed.kill()
    killed.wait()
    with engine_on(cluster, Traced(str(tmp_path)), address=address) as engine:
        found = done(engine, texts)
    assert {texts[number]: pid_of(one) for number, one in found.items()} == {
        line.text: line.pid for line in lines_of(tmp_path / "done")
    }
    assert Counter(line.text for line in lines_of(tmp_path / "begun")) == dict.fromkeys(texts, 1)


def test_what_a_dead_driver_did_not_hear_is_not_heard_twice(cluster: RayCluster, tmp_path: Path) -> None:
    """Else a work that was lost once would be lost for ever."""
    dead = start_engine(1, Traced(str(tmp_path)), Named("ray", {"address": cluster.address}))
    dead.start(work(1, "sleep 0"))
    await_true(lambda: len(lines_of(tmp_path / "done")) == 1)
    with engine_on(cluster, Traced(str(tmp_path))) as engine:
        for count in (1, 2, 3):
            assert done(engine, ["sleep 0"])[0].ended == ""
            assert len(lines_of(tmp_path / "done")) == count


def test_what_was_written_down_is_evaluated_anew(cluster: RayCluster, tmp_path: Path) -> None:
    """The office keeps no result that a driver had and came back after."""
    with engine_on(cluster, Traced(str(tmp_path))) as engine:
        for _ in range(2):
            assert done(engine, ["sleep 0"])[0].ended == ""
    with engine_on(cluster, Traced(str(tmp_path))) as engine:
        assert done(engine, ["sleep 0"])[0].ended == ""
    assert len(lines_of(tmp_path / "done")) == 3


# --- nodes that cannot do it ------------------------------------------------------------------------------------------


OLD_NUMPY = """
import importlib.metadata as metadata
version = metadata.version
metadata.version = lambda name: "1.0" if name == "numpy" else version(name)
"""


def test_a_node_with_other_data_or_another_version_is_passed_over_and_named(
    cluster: RayCluster, tmp_path: Path
) -> None:
    home, other, old = (tmp_path / name for name in ("home", "other", "old"))
    plant_data(home / "data")
    other.mkdir()
    old.mkdir()
    (old / "sitecustomize.py").write_text(OLD_NUMPY)
    reference = f"folder:{home / 'data'}"
    evaluator = Reading({reference: {"train": open_dataset(reference).fingerprint("train")}})
    options: dict[str, Any] = {"resources": {"odd": 1}, "data": {reference: "folder:~/data"}}
    nodes = ("elsewhere", {"HOME": str(other)}), ("older", {"PYTHONPATH": f"{ROOT}:{old}", "HOME": str(home)})
    with node_added(cluster, "fitting", *nodes, resource="odd", home=home) as fitting:
        with engine_on(cluster, evaluator, **options) as engine:
            found = [done(engine, [f"name: {letter}{turn}" for letter in "abc"]) for turn in range(3)]
            assert all(value_of(one, "fitting") for turn in found for one in turn.values())
            said = {line.split()[1]: line for line in engine.messages}
            assert set(said) == {"elsewhere", "older"}
            assert "no such folder" in said["elsewhere"] or "is not there" in said["elsewhere"], said
            assert "it has numpy 1.0 instead of " in said["older"]
            assert engine.free == 1
            fitting.kill()
            await_true(lambda: not list(engine.wait(0.1)) and gone(cluster, "fitting"))
            time.sleep(1.5)
            engine.start(work(1, "name: nobody"))
            (one,) = finished(engine, 1).values()
        nowhere = {**options, "data": {reference: "folder:~/nowhere"}}
        with engine_on(cluster, evaluator, **nowhere) as engine:
            never = done(engine, ["name: nobody"])[0]
    assert never.ended == "raised" and "no node of the cluster can do it" in never.reason
    assert one.ended == "away"  # a node could do it before, and may come again
    assert "no node of the cluster can do it" in one.reason
    assert "elsewhere: " in one.reason and "older: it has numpy 1.0 instead of " in one.reason


def plant_data(folder: Path) -> None:
    from PIL import Image

    for kind, ending in (("images", "png"), ("labels", "png")):
        (folder / kind / "train").mkdir(parents=True)
        Image.new("RGB" if kind == "images" else "L", (8, 8)).save(folder / kind / "train" / f"one.{ending}")
    (folder / "classes.txt").write_text("ground\nsky\n")


def gone(cluster: RayCluster, name: str) -> bool:
    import ray

    return not any(node["NodeName"] == name and node["Alive"] for node in ray.nodes())


# --- deaths -----------------------------------------------------------------------------------------------------------


def test_a_work_is_lost_with_its_node(cluster: RayCluster) -> None:
    with (
        node_added(cluster, "doomed", resource="doom") as doomed,
        engine_on(cluster, Obedient(), resources={"doom": 1}) as engine,
    ):
        engine.start(work(1, "hang"))
        await_true(lambda: not list(engine.wait(0.1)) and any(one.where == "doomed" for one in engine.at_work))
        doomed.kill()
        (one,) = finished(engine, 1).values()
        assert one.ended == "lost", one


def test_a_killed_worker_crashes_its_own_work_only(cluster: RayCluster) -> None:
    with engine_on(cluster, Obedient(timeout_s=20.0), resources={"two": 1}) as engine:
        engine.start(work(1, "die"))
        engine.start(work(2, "value 3"))
        found = finished(engine, 2)
        assert [found[1].ended, found[2].ended] == ["crashed", ""]
        assert "its worker died" in found[1].reason


def test_a_killed_office_loses_what_it_held_and_the_engine_goes_on(cluster: RayCluster, tmp_path: Path) -> None:
    with engine_on(cluster, Traced(str(tmp_path))) as engine:
        engine.start(work(1, "sleep 60 a"))
        engine.start(work(2, "sleep 60 b"))
        await_true(lambda: len(lines_of(tmp_path / "begun")) == 2)
        for pid in cluster.nodes[0].offices:
            os.kill(pid, signal.SIGKILL)
        found = finished(engine, 2)
        assert [one.ended for one in found.values()] == ["lost", "lost"]
        assert pid_of(done(engine, ["sleep 0"])[0])


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_parcel_that_the_office_forgot_is_given_again(cluster: RayCluster, tmp_path: Path) -> None:
    file = tmp_path / "number"
    with engine_on(cluster, Reading(), resources={"one": 1}) as engine:
        for number in (7, 8):
            file.write_text(str(number))
            if number == 8:  # as if it had been given, and dropped
                from archspec.experiment.engines._parcels import Parcel

                engine._kept.add(Parcel.of_path(file).digest)
            engine.start(work(number, "name: read", file=str(file)))
            (one,) = finished(engine, 1).values()
            assert one.evaluation is not None, one
            assert one.evaluation.values["number"] == number


# --- no cluster -------------------------------------------------------------------------------------------------------


def test_without_ray_the_remedy_is_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"Ray is not installed.*pip install 'archspec-keras\[ray\]'"):
        start_engine(1, Obedient(), Named("ray"))


def test_a_cluster_that_is_not_there_is_told() -> None:
    needed("ray")
    (port,) = free_ports(1)
    with pytest.raises(UserError, match=rf"cannot be reached \(127.0.0.1:{port}.*ray start --head"):
        start_engine(1, Obedient(), Named("ray", {"address": f"127.0.0.1:{port}"}))
