"""A queue of candidates on a device that fails: all results come, or each model has its reason; nothing is lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from archspec.devices import Device, Model, Patience, Procedure, QueueInterrupted, QueueResult, measure, measure_queue
from archspec.devices._faults import Cut, DeviceError, Full, TimedOut, ToolMissing, Unplugged
from archspec.devices._link import again
from archspec.devices._queue import Steady
from archspec.errors import user_error
from tests.devices.conftest import Bench
from tests.devices.fakes import FakeClock, FakeRunner, fake_host, forever, models

STEPS = Procedure("own", 0.01, 2, 3)
QUICK = Patience(tries=4, attempts=2, wait_s=10.0, poll_s=1.0, pause_s=0.0)
NAMES = [f"m{number}" for number in range(20)]


@dataclass
class Flaky:
    """A device of which `fails` says, call by call (open, warm, run, machine), what it raises; None is no fault."""

    device: Device
    fails: Callable[[int], BaseException | None]
    name: str = "flaky"
    calls: Iterator[int] = field(default_factory=lambda: count(1))

    def machine(self) -> Any:
        self.may_fail()
        return self.device.machine()

    def open(self, model: Model, *, threads: int) -> "FlakySession":
        self.may_fail()
        return FlakySession(self, self.device.open(model, threads=threads))

    def may_fail(self) -> None:
        fault = self.fails(next(self.calls))
        if fault:
            raise fault


class FlakySession:
    def __init__(self, place: Flaky, session: Any) -> None:
        self._place, self._session = place, session
        self.system, self.init_ms, self.first_ms = session.system, session.init_ms, session.first_ms
        self.close = session.close

    def warm(self, seconds: float) -> Any:
        self._place.may_fail()
        return self._session.warm(seconds)

    def run(self, runs: int) -> Any:
        self._place.may_fail()
        return self._session.run(runs)


def rising(start: float) -> Iterator[float]:
    return (start + run / 1000 for run in count())


def candidates(clock: FakeClock) -> Device:
    """Model number n takes n + 1 ms and a little more each run."""
    runners = {name: FakeRunner(clock, rising(index + 1), name=name) for index, name in enumerate(NAMES)}
    return fake_host(clock, runners)


def cut() -> DeviceError:
    return Cut("the connection was cut", device="flaky")


def gone() -> DeviceError:
    return Unplugged("is not connected", device="flaky")


def test_twenty_candidates_and_every_third_call_fails() -> None:
    clock = FakeClock()
    wanted = [measure(model, device=candidates(FakeClock()), procedure=STEPS)[0].samples_ms for model in models(*NAMES)]
    place = Flaky(candidates(clock), lambda call: cut() if call % 3 == 0 else None)
    kept: list[QueueResult] = []
    found = measure_queue(models(*NAMES), device=place, procedure=STEPS, patience=QUICK, keep=kept.append)
    assert [outcome.latency and outcome.latency.samples_ms for outcome in found] == wanted
    assert [outcome.attempts for outcome in found] == [1] * 20
    assert tuple(kept) == found
    assert next(place.calls) > 20 * 5 * 1.4  # a third of the calls failed, and was made again


@pytest.mark.slow
def test_twenty_candidates_through_adb_and_every_third_service_is_dropped(bench: Bench) -> None:
    bench.phone.drop_every = 3
    found = measure_queue(models(*NAMES), device=bench.device(), procedure=Procedure("own", 0.0, 1, 2))
    assert [outcome.model.name for outcome in found if outcome.latency and outcome.latency.runs == 2] == NAMES
    assert bench.phone.services > 20 * 8
    assert list(bench.folder.iterdir()) == []


def test_a_session_that_keeps_failing_is_opened_anew_and_warmed_up() -> None:
    clock = FakeClock()
    runner = FakeRunner(clock, forever(5), name="a")
    place = Flaky(fake_host(clock, {"a": runner}), lambda call: cut() if call in (3, 4) else None)
    session = Steady(place, 4, 0.0).open(*models("a"), threads=1)  # call 1
    session.warm(0.02)  # call 2
    assert len(session.run(2)) == 2  # calls 3 and 4 fail; 5 opens, 6 warms, 7 runs
    assert next(place.calls) == 8
    assert runner.calls.count("fill a") == 2
    assert runner.calls.count("a") == 1 + 4 + 1 + 4 + 2


def test_a_device_that_hangs_costs_its_time_once_an_attempt() -> None:
    """Each call that hangs takes a minute: levels of tries must not multiply."""
    hung: list[int] = []

    def hangs(call: int) -> DeviceError | None:
        hung.append(call)
        return TimedOut("no answer within 60 s", device="flaky")

    found = measure_queue(models("m0"), device=Flaky(candidates(FakeClock()), hangs), procedure=STEPS, patience=QUICK)
    assert isinstance(found[0].fault, TimedOut)
    assert len(hung) == found[0].attempts == QUICK.attempts


def test_a_model_that_cannot_run_does_not_stop_the_others() -> None:
    clock = FakeClock()

    class Broken(FakeRunner):
        def invoke(self) -> None:
            raise user_error("cannot be run")

    runners = {"a": FakeRunner(clock, forever(1)), "b": Broken(clock, forever(1)), "c": FakeRunner(clock, forever(2))}
    found = measure_queue(models("a", "b", "c"), device=fake_host(clock, runners), procedure=STEPS, patience=QUICK)
    assert [outcome.latency and outcome.latency.median_ms for outcome in found] == [1, None, 2]
    assert (str(found[1].fault), found[1].attempts) == ("cannot be run", 1)


def test_a_file_that_is_missing_is_one_outcome(tmp_path: Any) -> None:
    clock = FakeClock()
    runners = {"a": FakeRunner(clock, forever(1))}
    sources = [str(tmp_path / "gone.tflite"), *models("a")]
    found = measure_queue(sources, device=fake_host(clock, runners), procedure=STEPS, patience=QUICK)
    assert "cannot be read" in str(found[0].fault)
    assert found[1].latency is not None


def test_the_queue_pauses_until_the_device_is_back() -> None:
    slept: list[float] = []
    absent = range(20, 30)
    place = Flaky(candidates(FakeClock()), lambda call: gone() if call in absent else None)
    found = measure_queue(models(*NAMES), device=place, procedure=STEPS, patience=QUICK, sleep=slept.append)
    assert all(outcome.latency for outcome in found)
    assert slept
    assert set(slept) == {1.0}


def test_a_device_that_stays_away_ends_the_queue_in_time_and_what_was_measured_is_kept() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    place = Flaky(candidates(FakeClock()), lambda call: gone() if call > 18 else None)
    found = measure_queue(
        models(*NAMES), device=place, procedure=STEPS, patience=QUICK, clock=lambda: now[0], sleep=sleep
    )
    done = [outcome for outcome in found if outcome.latency]
    assert 2 <= len(done) < 20
    assert [outcome.model.name for outcome in found] == NAMES
    assert [outcome.attempts for outcome in found[len(done) :]] == [1] + [0] * (19 - len(done))
    assert {str(outcome.fault) for outcome in found[len(done) :]} == {str(gone())}
    assert now[0] == QUICK.wait_s


@pytest.mark.parametrize(("kind", "paused"), [(Full, True), (ToolMissing, False)])
def test_what_no_try_can_mend(kind: type[DeviceError], paused: bool) -> None:
    slept: list[float] = []
    place = Flaky(candidates(FakeClock()), lambda call: kind("is so", device="flaky") if call == 2 else None)
    found = measure_queue(models(*NAMES), device=place, procedure=STEPS, patience=QUICK, sleep=slept.append)
    assert bool(slept) is paused
    assert [outcome.latency is not None for outcome in found] == [paused] * 20


def test_ctrl_c_keeps_what_was_finished() -> None:
    place = Flaky(candidates(FakeClock()), lambda call: KeyboardInterrupt() if call == 20 else None)
    with pytest.raises(QueueInterrupted) as caught:
        measure_queue(models(*NAMES), device=place, procedure=STEPS, patience=QUICK)
    assert [outcome.model.name for outcome in caught.value.results] == NAMES[: len(caught.value.results)]
    assert len(caught.value.results) == 3


def test_in_turns_with_a_reference() -> None:
    found = measure_queue(
        models("m1", "m3"), device=candidates(FakeClock()), procedure=STEPS, reference=models("m0")[0], patience=QUICK
    )
    assert [round(outcome.latency.paired_ratio) for outcome in found if outcome.latency] == [2, 4]


@pytest.mark.parametrize(("fault", "calls"), [(Cut, 5), (TimedOut, 2), (Full, 1)])
def test_how_often_a_call_is_made(fault: type[DeviceError], calls: int) -> None:
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise fault("is so", device="flaky")

    with pytest.raises(fault):
        again(call, 5, pause_s=0.0)
    assert len(made) == calls
