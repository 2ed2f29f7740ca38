"""A clock that only moves when a model runs, and models that take as long as they are told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, repeat

from archspec.devices import Device, Model, System
from archspec.devices.host import Clock, host


@dataclass
class FakeClock:
    """Nanoseconds of the wall and of the thread."""

    wall: int = 0
    cpu: int = 0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.cpu)


@dataclass
class FakeRunner:
    """Each `invoke` takes the next of `durations_ms` by the wall, and `cpu_share` of it by the thread."""

    clock: FakeClock
    durations_ms: Iterable[float]
    cpu_share: float = 1.0
    system: System = field(default_factory=lambda: System("Fake", "1.0", "none", 2, 0, ("1x2 float32",)))
    calls: list[str] = field(default_factory=list)
    name: str = ""

    def __post_init__(self) -> None:
        self._left = iter(self.durations_ms)

    def fill(self) -> None:
        self.calls.append(f"fill {self.name}")

    def invoke(self) -> None:
        duration = next(self._left)
        self.clock.wall += round(duration * 1e6)
        self.clock.cpu += round(duration * 1e6 * self.cpu_share)
        self.calls.append(self.name)


def forever(*durations_ms: float) -> Iterable[float]:
    """These durations, then the last of them for ever."""
    return chain(durations_ms, repeat(durations_ms[-1]))


def fake_host(clock: FakeClock, runners: dict[str, FakeRunner], load_ms: float = 0.0) -> Device:
    """The host with fake clocks, on which the model of each name is a `FakeRunner`; loading takes `load_ms`."""

    def load(model: Model, threads: int) -> FakeRunner:
        clock.wall += round(load_ms * 1e6)
        return runners[model.name]

    return host(clock.clock(), load)


def models(*names: str) -> list[Model]:
    return [Model(name, name.encode()) for name in names]
