"""This machine, through LiteRT with its XNNPACK kernels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from archspec.devices._contract import SLOWEST, Model, Sample, System
from archspec.devices._machine import Machine, read_machine
from archspec.errors import Problem, UserError

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks in ns: the one on the wall, and how long this thread had the processor."""

    wall_ns: Callable[[], int] = time.perf_counter_ns
    cpu_ns: Callable[[], int] = time.thread_time_ns


class Runner(Protocol):
    """A model that is loaded."""

    system: System

    def fill(self) -> None:
        """Put something into the inputs."""

    def invoke(self) -> None:
        """One inference; raises `UserError` when the model cannot do it."""

    def delegated_parts(self) -> list[list[int]]:
        """The numbers of the operations of each part that a delegate took."""


Load = Callable[[Model, int], Runner]


class Host:
    """A `Device`. Clock and loader can be replaced, for tests and for other runtimes on this machine."""

    name = "host"

    def __init__(self, clock: Clock, load: Load | None, delegate: str, housed: bool = False) -> None:
        self._clock = clock
        self._load = load
        self._delegate = delegate
        self._housed = housed

    def beside(self, models: Sequence[Model]) -> Host:
        """The host for models that are compared: all in the other process where one of them must be.

        A process that waited for its turn is served first on a machine that is busy: two processes are no fair race.
        """
        from archspec.export.tflite_file import is_own

        housed = self._load is None and not all(is_own(model.content) for model in models)
        return Host(self._clock, self._load, self._delegate, housed)

    def machine(self) -> Machine:
        return read_machine()

    def open(self, model: Model, *, threads: int) -> HostSession | HousedSession:
        """Load, allocate and run once; a file that we did not write in a process of its own, by the same clocks.

        Raises `UserError` for a damaged file, and when LiteRT cannot run it, dies or hangs.
        """
        if self._load is not None:
            return HostSession(model, threads, self._clock, self._load)
        from archspec.devices._litert import check_model, loader
        from archspec.export.tflite_file import is_own

        check_model(model)
        if self._housed or not is_own(model.content):
            return HousedSession(model, threads, self._delegate)
        load = loader(self._delegate)  # importing the runtime is not part of loading a model
        return HostSession(model, threads, self._clock, load)


def host(clock: Clock | None = None, load: Load | None = None, delegate: str = "xnnpack") -> Host:
    """This machine. Without arguments: real clocks and LiteRT. `delegate` is `xnnpack` or `none`."""
    return Host(clock or Clock(), load, delegate)


class HostSession:
    """A `Session` in this process. Nothing is allocated, printed or reported between the two readings of the clock."""

    def __init__(self, model: Model, threads: int, clock: Clock, load: Load) -> None:
        self._clock = clock
        self._single = threads == 1
        start = clock.wall_ns()
        runner = load(model, threads)
        self.init_ms = (clock.wall_ns() - start) / _NS_PER_MS
        runner.fill()
        self.system = runner.system
        self._runner: Runner | None = runner
        self.first_ms = self._timed(runner).wall_ms

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run until `seconds` have passed; the number of runs, and the seconds that passed."""
        runner, start, runs, passed = self._open(), self._clock.wall_ns(), 0, 0
        while passed < seconds * _NS_PER_S:
            runner.invoke()
            runs += 1
            passed = self._clock.wall_ns() - start
        return runs, passed / _NS_PER_S

    def run(self, runs: int) -> list[Sample]:
        """`runs` samples; with more than one thread without processor time, for this thread's is not the model's."""
        runner = self._open()
        return [self._timed(runner) for _ in range(runs)]

    def delegated_parts(self) -> list[list[int]]:
        """The numbers of the operations of each part that the delegate took; empty when that is not told."""
        return self._open().delegated_parts()

    def close(self) -> None:
        self._runner = None

    def _open(self) -> Runner:
        if self._runner is None:
            raise RuntimeError("this session is closed")
        return self._runner

    def _timed(self, runner: Runner) -> Sample:
        wall_ns, cpu_ns = self._clock.wall_ns, self._clock.cpu_ns
        cpu_start = cpu_ns()
        start = wall_ns()
        runner.invoke()
        wall = wall_ns() - start
        cpu = cpu_ns() - cpu_start
        return Sample(wall / _NS_PER_MS, cpu / _NS_PER_MS if self._single else None)


class Bench:
    """A `HostSession` for the other side of the pipe: what it gives is plain. Times are taken there, run by run."""

    def __init__(self, content: bytes, name: str, threads: int, delegate: str) -> None:
        from archspec.devices._litert import loader

        load = loader(delegate)
        self._session = HostSession(Model(name, content), threads, Clock(), load)

    def facts(self) -> dict[str, Any]:
        system = self._session.system
        return {
            "init_ms": self._session.init_ms,
            "first_ms": self._session.first_ms,
            "system": {name: getattr(system, name) for name in System.__slots__},
            "delegated_parts": self._session.delegated_parts(),
        }

    def warm(self, seconds: float) -> tuple[int, float]:
        return self._session.warm(seconds)

    def run(self, runs: int) -> list[tuple[float, float | None]]:
        return [(sample.wall_ms, sample.cpu_ms) for sample in self._session.run(runs)]


class HousedSession:
    """A `Session` that asks that process. Raises `UserError` that names the model when LiteRT fails, dies or hangs."""

    def __init__(self, model: Model, threads: int, delegate: str) -> None:
        from archspec.export.interpreter import patience_s
        from archspec.export.interpreter_process import Housed

        self._place = model.place
        self._limit_s = patience_s(model.content)
        arguments = (model.content, model.name, threads, delegate)
        try:
            self._bench: Housed | None = Housed("archspec.devices.host:Bench", *arguments, limit_s=self._limit_s)
            facts = self._bench.call("facts")
        except Problem as problem:
            raise UserError(problem.at(self._place)) from problem
        self.init_ms, self.first_ms = float(facts["init_ms"]), float(facts["first_ms"])
        self.system = System(**{**facts["system"], "inputs": tuple(facts["system"]["inputs"])})
        self._parts: list[list[int]] = facts["delegated_parts"]

    def delegated_parts(self) -> list[list[int]]:
        """The numbers of the operations of each part that the delegate took."""
        return self._parts

    def warm(self, seconds: float) -> tuple[int, float]:
        """Run there until `seconds` have passed; the number of runs, and the seconds that passed."""
        runs, passed = self._ask("warm", seconds, limit_s=self._limit_s + seconds)
        return runs, passed

    def run(self, runs: int) -> list[Sample]:
        limit_s = self._limit_s + runs * SLOWEST * self.first_ms / 1000
        return [Sample(wall_ms, cpu_ms) for wall_ms, cpu_ms in self._ask("run", runs, limit_s=limit_s)]

    def close(self) -> None:
        self._bench = None

    def _ask(self, method: str, *arguments: Any, limit_s: float) -> Any:
        if self._bench is None:
            raise RuntimeError("this session is closed")
        try:
            return self._bench.call(method, *arguments, limit_s=limit_s)
        except Problem as problem:
            raise UserError(problem.at(self._place)) from problem
