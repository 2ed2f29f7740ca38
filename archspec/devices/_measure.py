"""The procedure, the same on every device: open, warm up, then rounds in which all models take turns.

Several settings (threads, delegate) of one model may take turns too: each model is then opened with its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace

from archspec.devices._catalog import device as device_named
from archspec.devices._contract import Device, Model, Sample, Session
from archspec.devices._latency import Interrupted, Latency, Procedure
from archspec.devices._latency import procedure as procedure_named
from archspec.devices._machine import Machine
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
    threads: int | None = None,
    reference: int = 0,
    progress: Watcher | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Latency, ...]:
    """The latency of each model (paths, bytes or `Model`s), in the order given, measured in turns in one go.

    `threads`: without it the device's own choice, else 1. `reference` is the index of the model that paired ratios are
    taken to. A noisy or throttled measurement is made again as the procedure says. `clock` (seconds) serves only the
    procedure's time limit. Raises `UserError` for a model or a setting that cannot be used, and `Interrupted` on
    Ctrl-C with what was measured until then.
    """
    opened = _distinct([Model.of(source) for source in _as_list(models)])
    if not opened:
        raise user_error("no model to measure", "Name at least one .tflite file")
    place = shared(device_named(device) if isinstance(device, str) else device, opened)
    if threads is None:
        threads = getattr(place, "threads", 1)
    if threads < 1:
        raise user_error(f"there must be at least one thread ({threads})")
    if not 0 <= reference < len(opened):
        raise user_error(f"no model number {reference} to compare with", f"There are 0 to {len(opened) - 1}")
    steps = procedure_named(procedure)
    found: list[tuple[Latency, ...]] = []
    while not found or (_unsteady(found[-1]) and len(found) <= steps.remeasure):
        try:
            found.append(_once(_Run(opened, place, steps, threads, reference, progress), clock))
        except Interrupted as stop:
            if found:
                raise Interrupted(_steadiest(found)) from stop
            raise
    return _steadiest(found)


def shared(device: Device, models: Sequence[Model]) -> Device:
    """The device as it opens models that are compared: a device may have `beside(models)` for that."""
    beside: Callable[[Sequence[Model]], Device] | None = getattr(device, "beside", None)
    return device if beside is None else beside(models)


def _once(run: _Run, clock: Callable[[], float]) -> tuple[Latency, ...]:
    with ExitStack() as sessions:
        run.open(sessions)
        try:
            run.warm_up()
            run.rounds(clock)
        except KeyboardInterrupt as stop:
            raise Interrupted(run.latencies()) from stop
        return run.latencies()


def _unsteady(latencies: tuple[Latency, ...]) -> bool:
    return any(latency.noisy or latency.throttled for latency in latencies)


def _steadiest(found: list[tuple[Latency, ...]]) -> tuple[Latency, ...]:
    """Of several measurements the one whose worst model is best; all models of one: they were measured in turns."""
    best = min(found, key=lambda one: max((bool(latency.throttled), latency.wall.spread) for latency in one))
    return tuple(replace(latency, measurements=len(found)) for latency in best)


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
        after = self.device.machine()
        return tuple(self.latency(index, whole, after) for index in range(len(self.models)))

    def latency(self, index: int, whole: int, after: Machine) -> Latency:
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
            load_average_after=after.load_average,
            time=self.started,
            state_after=after.state,
            batch=model.batch,
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


@dataclass(frozen=True)
class SetModel(Model):
    """A model that is to run with so many threads, and through that delegate (one of the device's; "" is its own)."""

    threads: int = 1
    delegate: str = ""


class SettingsDevice:
    """A `Device` that opens each model with the model's own settings, on the device of its delegate."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices
        self._first = next(iter(devices.values()))

    def beside(self, models: Sequence[Model]) -> SettingsDevice:
        """Each device as it opens models that are compared."""
        return SettingsDevice({name: shared(device, models) for name, device in self._devices.items()})

    @property
    def name(self) -> str:
        return self._first.name

    def machine(self) -> Machine:
        return self._first.machine()

    def open(self, model: Model, *, threads: int) -> Session:
        """With the model's threads and delegate; a model without settings as it is asked for."""
        if isinstance(model, SetModel):
            return self._devices[model.delegate].open(model, threads=model.threads)
        return self._first.open(model, threads=threads)


def measure_settings(
    models: Sequence[SetModel],
    device_of: Callable[[str], Device],
    *,
    procedure: Procedure | str = "default",
    reference: int = 0,
    progress: Watcher | None = None,
) -> tuple[Latency, ...]:
    """As `measure`, with all models and all settings taking turns, so that ratios between settings are paired too.

    `device_of` makes the device for a delegate's name. Raises as `measure` does.
    """
    devices = {delegate: device_of(delegate) for delegate in dict.fromkeys(model.delegate for model in models)}
    try:
        found = measure(
            list(models),
            device=SettingsDevice(devices),
            procedure=procedure,
            threads=models[0].threads,
            reference=reference,
            progress=progress,
        )
    except Interrupted as stop:
        raise Interrupted(_with_threads(stop.latencies, models)) from stop
    return _with_threads(found, models)


def _with_threads(found: Sequence[Latency], models: Sequence[SetModel]) -> tuple[Latency, ...]:
    """Each with its own threads. Processor time of several threads is left out by the sessions already."""
    return tuple(replace(latency, threads=model.threads) for latency, model in zip(found, models, strict=False))
