"""The procedure, the same on every device: open, warm up, then rounds in which all models take turns."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace

from archspec.devices._catalog import device as device_named
from archspec.devices._contract import Device, Model, Sample, Session
from archspec.devices._latency import Interrupted, Latency
from archspec.devices._machine import Machine
from archspec.devices._procedure import Procedure
from archspec.devices._procedure import procedure as procedure_named
from archspec.errors import user_error
from archspec.record import timestamp


@dataclass(frozen=True, slots=True)
class Progress:
    """Told between runs, never during one: `stage` is "open", "warm-up" or "round"; `done` of `total`."""

    stage: str
    model: str
    done: int
    total: int


Watcher = Callable[[Progress], None]
Source = Model | bytes | str | os.PathLike[str]


def measure(
    models: Source | Sequence[Source],
    *,
    device: Device | str = "host",
    procedure: Procedure | str = "default",
    threads: int = 1,
    reference: int = 0,
    progress: Watcher | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Latency, ...]:
    """The latency of each model (paths, bytes or `Model`s), in the order given, measured in turns in one go.

    `reference` is the index of the model that paired ratios are taken to. `clock` (seconds) serves only the
    procedure's time limit. Raises `UserError` for a model or a setting that cannot be used, and `Interrupted` on
    Ctrl-C with what was measured until then.
    """
    opened = _distinct([Model.of(source) for source in _as_list(models)])
    if not opened:
        raise user_error("no model to measure", "Name at least one .tflite file")
    if threads < 1:
        raise user_error(f"there must be at least one thread ({threads})")
    place = device_named(device) if isinstance(device, str) else device
    if not 0 <= reference < len(opened):
        raise user_error(f"no model number {reference} to compare with", f"There are 0 to {len(opened) - 1}")
    run = _Run(opened, place, procedure_named(procedure), threads, reference, progress)
    with ExitStack() as sessions:
        run.open(sessions)
        try:
            run.warm_up()
            run.rounds(clock)
        except KeyboardInterrupt as stop:
            raise Interrupted(run.latencies()) from stop
        return run.latencies()


@dataclass
class _Run:
    """One call of `measure`, from cold to done."""

    models: list[Model]
    device: Device
    procedure: Procedure
    threads: int
    reference: int
    progress: Watcher | None
    machine: Machine = field(init=False)
    started: str = field(init=False)
    sessions: list[Session] = field(default_factory=list)
    warm: list[tuple[int, float]] = field(default_factory=list)
    samples: list[list[Sample]] = field(default_factory=list)

    def open(self, stack: ExitStack) -> None:
        self.started = timestamp()
        self.machine = self.device.machine()
        for index, model in enumerate(self.models):
            self.tell("open", model.name, index, len(self.models))
            self.sessions.append(stack.enter_context(closing(self.device.open(model, threads=self.threads))))
            self.samples.append([])

    def warm_up(self) -> None:
        for index, session in enumerate(self.sessions):
            self.tell("warm-up", self.models[index].name, index, len(self.models))
            self.warm.append(session.warm(self.procedure.warmup_s))

    def rounds(self, clock: Callable[[], float]) -> None:
        """Every second round goes backwards, so that nobody always follows the same neighbour.

        A round counts once it is whole: samples of all models stay paired, also after an interrupt.
        """
        start = clock()
        for number in range(self.procedure.rounds):
            if number and clock() - start >= self.procedure.limit_s:
                break
            self.tell("round", "", number, self.procedure.rounds)
            taken: dict[int, Sequence[Sample]] = {}
            for index in _turns(len(self.sessions), number):
                taken[index] = self.sessions[index].run(self.procedure.runs_per_round)
            for index, samples in taken.items():
                self.samples[index].extend(samples)
        self.tell("round", "", self.procedure.rounds, self.procedure.rounds)

    def tell(self, stage: str, model: str, done: int, total: int) -> None:
        if self.progress:
            self.progress(Progress(stage, model, done, total))

    def latencies(self) -> tuple[Latency, ...]:
        """One a model; none at all before the first whole round."""
        if not all(self.samples):
            return ()
        whole = min(map(len, self.samples))
        load = self.device.machine().load_average
        return tuple(self.latency(index, whole, load) for index in range(len(self.models)))

    def latency(self, index: int, whole: int, load: float | None) -> Latency:
        model, session, samples = self.models[index], self.sessions[index], self.samples[index][:whole]
        cpu = tuple(sample.cpu_ms for sample in samples if sample.cpu_ms is not None)
        runs, seconds = self.warm[index]
        return Latency(
            name=model.name,
            model_hash=model.hash,
            model_bytes=len(model.content),
            samples_ms=tuple(sample.wall_ms for sample in samples),
            cpu_samples_ms=cpu,
            reference=self.models[self.reference].name,
            reference_samples_ms=tuple(sample.wall_ms for sample in self.samples[self.reference][:whole]),
            init_ms=session.init_ms,
            first_ms=session.first_ms,
            warmup_s=seconds,
            warmup_runs=runs,
            threads=self.threads,
            procedure=self.procedure,
            system=session.system,
            device=self.device.name,
            machine=self.machine,
            load_average_after=load,
            time=self.started,
        )


def _turns(count: int, number: int) -> range:
    return range(count) if number % 2 == 0 else range(count - 1, -1, -1)


def _distinct(models: list[Model]) -> list[Model]:
    """Models of one name are numbered: a table and a ratio must say which is which."""
    seen: dict[str, int] = {}
    found = []
    for model in models:
        seen[model.name] = number = seen.get(model.name, 0) + 1
        found.append(model if number == 1 else replace(model, name=f"{model.name} ({number})"))
    return found


def _as_list(models: Source | Sequence[Source]) -> list[Source]:
    if isinstance(models, Model | bytes | str | os.PathLike):
        return [models]
    return list(models)
