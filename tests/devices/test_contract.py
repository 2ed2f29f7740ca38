"""What every device promises, asked of each file in the folder with a clock that only moves when a model runs.

A new device file is found by itself and fails here until FAKES says how to build it on fake models.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

import archspec.devices
from archspec.devices import Device, Interrupted, Model, Procedure, Session, device, devices, measure
from archspec.errors import UserError, user_error
from tests.devices.fakes import FakeClock, FakeRunner, fake_host, fake_remote, forever, models

FAKES: dict[str, Callable[[FakeClock, dict[str, FakeRunner]], Device]] = {
    "host": fake_host,
    "adb": fake_remote("adb"),
    "ssh": fake_remote("ssh"),
}
NEEDED: dict[str, dict[str, str]] = {"ssh": {"host": "board"}}  # arguments without a default
FOLDER = Path(archspec.devices.__file__).parent
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def test_the_folder_is_the_registry() -> None:
    assert list(devices()) == FILES
    assert "host" in FILES


def test_an_unknown_device_names_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        device("hots")
    assert str(caught.value) == "unknown device 'hots'. Did you mean 'host'?"


@pytest.mark.parametrize("name", FILES)
def test_every_device_can_be_made_by_its_name(name: str) -> None:
    assert device(name, **NEEDED.get(name, {})).name == name


class Watched:
    """A device that remembers the sessions it opened."""

    def __init__(self, device: Device) -> None:
        self.device, self.name, self.machine = device, device.name, device.machine
        self.opened: list[Session] = []

    def open(self, model: Model, *, threads: int) -> Session:
        self.opened.append(self.device.open(model, threads=threads))
        return self.opened[-1]


@pytest.mark.parametrize("name", FILES)
class TestContract:
    def open(self, name: str, clock: FakeClock, **runners: FakeRunner) -> Device:
        assert name in FAKES, f"a new device: say in FAKES ({__file__}) how to build it on fake models"
        for label, runner in runners.items():
            runner.name = label
        return FAKES[name](clock, runners)

    def test_the_machine_keeps_its_fingerprint(self, name: str) -> None:
        place = self.open(name, FakeClock())
        assert place.machine().fingerprint == place.machine().fingerprint != ""

    def test_samples_in_the_order_they_were_taken(self, name: str) -> None:
        clock = FakeClock()
        place = self.open(name, clock, a=FakeRunner(clock, [9, 1, 2, 3, 4, 5]))
        session = place.open(*models("a"), threads=1)
        assert session.first_ms == 9
        assert [sample.wall_ms for sample in session.run(2)] == [1, 2]
        assert [sample.wall_ms for sample in session.run(3)] == [3, 4, 5]

    @pytest.mark.parametrize(
        ("seconds", "runs", "passed"), [(0, 0, 0), (0.1, 4, 0.12), (0.12, 4, 0.12), (0.13, 5, 0.15)]
    )
    def test_warm_up_ends_with_the_first_run_that_reaches_the_time(
        self, name: str, seconds: float, runs: int, passed: float
    ) -> None:
        clock = FakeClock()
        place = self.open(name, clock, a=FakeRunner(clock, forever(500, 30)))
        session = place.open(*models("a"), threads=1)
        taken, seconds_taken = session.warm(seconds)
        assert taken == runs
        assert seconds_taken == pytest.approx(passed)

    def test_the_statistics_are_of_the_timed_runs_alone(self, name: str) -> None:
        clock = FakeClock()
        # first inference 100; 3 of warm-up at 40 (100 ms reached at 120); then 6 timed
        place = self.open(name, clock, a=FakeRunner(clock, [100, 40, 40, 40, 7, 3, 5, 9, 1, 2]))
        (found,) = measure(models("a"), device=place, procedure=Procedure("own", 0.1, 3, 2))
        assert found.samples_ms == (7, 3, 5, 9, 1, 2)
        assert found.median_ms == 4
        assert found.wall.mean == 4.5
        assert found.fps == pytest.approx(1000 / 4.5)
        assert (found.first_ms, found.warmup_runs) == (100, 3)
        assert found.warmup_s == pytest.approx(0.12)
        assert (found.runs, found.name, found.device, found.threads) == (6, "a", name, 1)

    def test_a_session_closes_twice_and_runs_no_more(self, name: str) -> None:
        clock = FakeClock()
        session = self.open(name, clock, a=FakeRunner(clock, forever(1))).open(*models("a"), threads=1)
        session.close()
        session.close()
        with pytest.raises(RuntimeError):
            session.run(1)
        with pytest.raises(RuntimeError):
            session.warm(1.0)

    @pytest.mark.parametrize("after", [0, 2, 5])
    def test_an_unplug_at_any_time_is_its_own_error_and_closes_everything(self, name: str, after: int) -> None:
        clock = FakeClock()

        class Unplugged(FakeRunner):
            def invoke(self) -> None:
                if len(self.calls) > after:
                    raise user_error("the device is gone")
                super().invoke()

        runners = {"a": FakeRunner(clock, forever(1)), "b": Unplugged(clock, forever(1))}
        place = Watched(self.open(name, clock, **runners))
        with pytest.raises(UserError, match="the device is gone"):
            measure(models("a", "b"), device=place, procedure=Procedure("own", 0.002, 3, 1))
        assert place.opened
        for session in place.opened:
            with pytest.raises(RuntimeError):
                session.run(1)

    def test_an_interrupt_keeps_the_whole_rounds(self, name: str) -> None:
        clock = FakeClock()

        class Stopped(FakeRunner):
            def invoke(self) -> None:
                if len(self.calls) == 1 + 1 + 2 * 2 + 1:  # fill, first, two rounds of two, one of the third
                    raise KeyboardInterrupt
                super().invoke()

        a, b = FakeRunner(clock, forever(2)), Stopped(clock, forever(3))
        place = self.open(name, clock, a=a, b=b)
        with pytest.raises(KeyboardInterrupt) as caught:
            measure(models("a", "b"), device=place, procedure=Procedure("own", 0.0, 5, 2))
        assert isinstance(caught.value, Interrupted)
        kept = caught.value.latencies
        assert [latency.samples_ms for latency in kept] == [(2,) * 4, (3,) * 4]
        assert kept[1].paired_ratio == 1.5
        assert "stopped after 4 of 10 runs" in kept[0].cautions

    def test_an_interrupt_during_warm_up_keeps_nothing(self, name: str) -> None:
        clock = FakeClock()

        class Stopped(FakeRunner):
            def invoke(self) -> None:
                if len(self.calls) == 3:
                    raise KeyboardInterrupt
                super().invoke()

        place = self.open(name, clock, a=Stopped(clock, forever(2)))
        with pytest.raises(Interrupted) as caught:
            measure(models("a"), device=place, procedure=Procedure("own", 9.0, 5, 2))
        assert caught.value.latencies == ()
