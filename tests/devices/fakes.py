"""A clock that only moves when a model runs, and models that take as long as they are told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from archspec.devices import Device, Model, System
from archspec.devices._board import Board
from archspec.devices._link import Remote
from archspec.devices._process import Finished
from archspec.devices.host import Clock, host
from tests.devices.tiny_model import tiny_tflite

MARK = tiny_tflite()


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
    """Models that say their name behind a whole `.tflite`."""
    return [Model(name, MARK + name.encode()) for name in names]


@dataclass
class FakeTalk:
    """The device's own program, in this process."""

    board: Board
    closed: int = 0

    def ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        return self.board.answer(dict(question))

    def close(self) -> None:
        self.closed += 1


@dataclass
class FakeLink:
    """A way to a device that is this process: its files are a dictionary, its models are `FakeRunner`s."""

    name: str
    clock: FakeClock
    runners: dict[str, FakeRunner]
    folder: str = "/somewhere"
    files: dict[str, bytes] = field(default_factory=dict)

    def shell(self, command: str, timeout_s: float | None = None, **_: object) -> Finished:
        if command.startswith("rm -rf "):
            self.files = {path: content for path, content in self.files.items() if command.split()[-1] not in path}
        return Finished(0, "@@archspec uname -smr\nLinux 6.1 aarch64\n@@archspec proc/cpuinfo\nFeatures : fp\n", "")

    def push(self, source: Path, target: str) -> None:
        self.files[target] = source.read_bytes()

    def talk(self, command: str) -> FakeTalk:
        return FakeTalk(Board(self._load, lambda: self.clock.wall, lambda: self.clock.cpu))

    def _load(self, path: str, threads: int) -> "FakeBoardModel":
        return FakeBoardModel(self.runners[self.files[path].removeprefix(MARK).decode()])


@dataclass
class FakeBoardModel:
    """A `FakeRunner` as the device's program sees a model."""

    runner: FakeRunner

    def fill(self) -> None:
        self.runner.fill()

    def invoke(self) -> None:
        self.runner.invoke()

    def describe(self) -> dict[str, Any]:
        return {"runtime": "Fake", "version": "1.0", "inputs": ["1x2 float32"], "nodes": None}


def fake_remote(name: str) -> Callable[[FakeClock, dict[str, FakeRunner]], Device]:
    """How to build a device of a link, with the real runner program on a `FakeLink`."""

    def build(clock: FakeClock, runners: dict[str, FakeRunner]) -> Device:
        return Remote(FakeLink(name, clock, runners), python="python3", threads=1, timeout_s=60.0)

    return build
