"""Every engine: a result, an exception, a death, a hang and a stop; each costs the others nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from archspec import catalog
from archspec.errors import UserError
from archspec.experiment.engines import KIND, Engine, Work, WorkResult, start_engine
from archspec.measures import Settings
from archspec.spec import Named
from tests.experiment.evaluators import Obedient

ENGINES = tuple(catalog.members(KIND))
SETTINGS = Settings(())


def work(number: int, text: str, **changes: int) -> Work:
    return Work(number, text, Settings((), seed=changes.get("seed", 0)), {"x": changes.get("x", 0)})


def finished(engine: Engine, count: int, seconds: float = 60) -> dict[int, WorkResult]:
    found: dict[int, WorkResult] = {}
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        found |= {one.number: one for one in engine.wait(0.2)}
    return found


def named(name: str, workers: int, request: pytest.FixtureRequest) -> Named:
    """The engine where it has so many places."""
    if name != "ray":
        return Named(name)
    cluster = request.getfixturevalue("cluster")
    return Named("ray", {"address": cluster.address, "resources": {{1: "one", 2: "two"}[workers]: 1}})


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Two workers, three seconds each."""
    made = start_engine(2, Obedient(timeout_s=3.0), named(request.param, 2, request))
    yield made
    made.stop()


def test_an_evaluation_gives_its_result_under_its_own_settings(engine: Engine) -> None:
    assert (engine.free, engine.busy) == (2, 0)
    engine.start(work(1, "value 7.5"))
    engine.start(work(2, "seed", seed=11))
    assert (engine.free, engine.busy) == (0, 2)
    found = finished(engine, 2)
    assert {number: one.evaluation.values["value"] for number, one in found.items() if one.evaluation} == {
        1: 7.5,
        2: 11,
    }
    assert (engine.free, engine.busy) == (2, 0)
    engine.start(work(3, "genome", x=5))
    (one,) = finished(engine, 1).values()
    assert one.evaluation is not None
    assert one.evaluation.values == {"value": 5.0}


def test_an_exception_a_death_and_a_hang_fail_their_own_evaluation_only(engine: Engine) -> None:
    engine.start(work(1, "raise no such layer"))
    engine.start(work(2, "die"))
    found = finished(engine, 2)
    assert (found[1].ended, found[1].reason, found[1].evaluation) == ("raised", "ValueError: no such layer", None)
    assert (found[2].ended, found[2].evaluation) == ("crashed", None)
    engine.start(work(3, "hang"))
    engine.start(work(4, "value 1"))
    found = finished(engine, 2)
    assert (found[3].ended, found[3].evaluation) == ("timeout", None)
    assert found[4].ended == ""
    assert engine.free == 2


def test_work_runs_elsewhere_and_stop_ends_it(engine: Engine) -> None:
    engine.start(work(1, "pid"))
    (one,) = finished(engine, 1).values()
    assert one.evaluation is not None
    pid = int(one.evaluation.values["value"] or 0)
    assert pid != os.getpid()
    engine.start(work(2, "hang"))
    engine.stop()
    assert engine.busy == 0
    assert finished(engine, 1, seconds=0.5) == {}


def test_what_runs_is_listed_with_how_far_it_is(engine: Engine) -> None:
    assert list(engine.at_work) == []
    engine.start(work(7, "step"))
    end = time.monotonic() + 60
    while not any(one.what for one in engine.at_work if one.total) and time.monotonic() < end:
        assert not list(engine.wait(0.2))
    (one,) = engine.at_work
    assert (one.number, one.what, one.done, one.total) == (7, "trains", 3, 10)
    finished(engine, 1)
    assert list(engine.at_work) == []


def test_a_device_that_does_not_answer_is_away(engine: Engine) -> None:
    engine.start(work(1, "unplugged phone"))
    (one,) = finished(engine, 1).values()
    assert (one.ended, one.evaluation) == ("away", None)
    assert "phone: is not connected" in one.reason


@pytest.mark.parametrize("name", ENGINES)
def test_a_worker_is_replaced_after_its_number_of_evaluations(name: str, request: pytest.FixtureRequest) -> None:
    engine = start_engine(1, Obedient(evaluations_per_process=1), named(name, 1, request))
    try:
        pids = set()
        for number in range(2):
            engine.start(work(number, "pid"))
            (one,) = finished(engine, 1).values()
            assert one.evaluation is not None
            pids.add(one.evaluation.values["value"])
        assert len(pids) == 2
    finally:
        engine.stop()


def test_without_workers_the_local_engine_evaluates_here() -> None:
    engine = start_engine(0, Obedient())
    engine.start(work(1, "pid"))
    assert engine.free == 0
    (one,) = finished(engine, 1).values()
    assert one.evaluation is not None
    assert one.evaluation.values["value"] == os.getpid()
    engine.start(work(2, "raise it"))
    assert list(engine.at_work) == []
    assert [one.reason for one in engine.wait(0)] == ["ValueError: it"]
    engine.start(work(3, "unplugged phone"))
    assert [one.ended for one in engine.wait(0)] == ["away"]


def test_an_unknown_engine_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown engine 'locl'.*local"):
        start_engine(1, Obedient(), Named("locl"))
