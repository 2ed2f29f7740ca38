"""Many models on a device that is not to be relied on: each gets its result or its reason, and none waits for ever.

Calls are made again where that can help: first as they are, then in a new session.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from archspec.devices._catalog import device as device_named
from archspec.devices._contract import Device, Model, Sample, Session, System
from archspec.devices._faults import DeviceError
from archspec.devices._latency import Latency, Procedure
from archspec.devices._link import PAUSE_S, Before, again
from archspec.devices._machine import Machine
from archspec.devices._measure import Source, Watcher, measure
from archspec.errors import UserError

_Found = TypeVar("_Found")


class Steady:
    """A `Device` over one that fails now and then. The samples of a call that failed are thrown away, never mixed."""

    def __init__(self, device: Device, tries: int, pause_s: float = PAUSE_S) -> None:
        self.name, self.device, self.tries, self.pause_s = device.name, device, tries, pause_s
        self.threads: int = getattr(device, "threads", 1)

    def machine(self) -> Machine:
        return self.again(self.device.machine)

    def open(self, model: Model, *, threads: int) -> SteadySession:
        """A session that outlives its connection."""
        return SteadySession(self, model, threads)

    def again(self, call: Callable[[], _Found], before: Before = lambda _: None) -> _Found:
        """The call, made again where that can help; not one that hung, for the device itself has tried that again."""
        return again(call, self.tries, before, self.pause_s, hung_tries=1)


class SteadySession:
    """A `Session`. One that was opened anew is warmed up as long as the first was, before it goes on."""

    def __init__(self, place: Steady, model: Model, threads: int) -> None:
        self._place, self._model, self._threads = place, model, threads
        self._warm_s = 0.0
        self._closed = False
        self._session = self._opened()

    @property
    def system(self) -> System:
        return self._session.system

    @property
    def init_ms(self) -> float:
        return self._session.init_ms

    @property
    def first_ms(self) -> float:
        return self._session.first_ms

    def warm(self, seconds: float) -> tuple[int, float]:
        """Warm up; remembered for a session that has to be opened anew."""
        found = self._call(lambda: self._session.warm(seconds))
        self._warm_s = seconds
        return found

    def run(self, runs: int) -> Sequence[Sample]:
        """`runs` samples of one call that went well."""
        return self._call(lambda: self._session.run(runs))

    def close(self) -> None:
        self._closed = True
        self._session.close()

    def _opened(self) -> Session:
        place = self._place
        return place.again(lambda: place.device.open(self._model, threads=self._threads))

    def _call(self, call: Callable[[], _Found]) -> _Found:
        if self._closed:
            raise RuntimeError("this session is closed")
        faults = 0

        def renew(_: DeviceError) -> None:
            nonlocal faults
            faults += 1
            if faults > 1:  # the first further try is made in the session there is
                self._renew()

        return self._place.again(call, renew)

    def _renew(self) -> None:
        self._session.close()
        self._session = self._opened()
        if self._warm_s:
            self._place.again(lambda: self._session.warm(self._warm_s))


@dataclass(frozen=True)
class QueueResult:
    """What became of one model: its latency, or why it has none. `attempts` 0: it was never tried."""

    model: Model
    latency: Latency | None = None
    fault: UserError | None = None
    attempts: int = 0


class QueueInterrupted(KeyboardInterrupt):
    """Ctrl-C in a queue: a `KeyboardInterrupt` with the results of the models that were finished."""

    def __init__(self, results: tuple[QueueResult, ...]) -> None:
        self.results = results
        super().__init__("interrupted")


@dataclass(frozen=True, slots=True)
class Patience:
    """How hard to try.

    A call is made up to `tries` times, with pauses that grow from `pause_s`; a model is measured up to `attempts`
    times. Where somebody has to see to the device, it is asked every `poll_s` seconds until it answers again, for at
    most `wait_s`; then the queue ends.
    """

    tries: int = 4
    attempts: int = 3
    wait_s: float = 600.0
    poll_s: float = 5.0
    pause_s: float = PAUSE_S


def measure_queue(
    models: Sequence[Source],
    *,
    device: Device | str = "host",
    procedure: Procedure | str = "quick",
    threads: int | None = None,
    reference: Source | None = None,
    patience: Patience = Patience(),
    keep: Callable[[QueueResult], None] = lambda _: None,
    progress: Watcher | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[QueueResult, ...]:
    """Measure model after model (with `reference`, in turns with it); an result each, in the order given.

    `keep` is told each result as soon as there is one, so that nothing that was measured is ever lost. A model's own
    fault (`UserError`) is its result and the queue goes on. A `DeviceError` is tried again; where somebody has to see
    to the device the queue pauses; one that no try and no wait can mend ends it, and the models after it have it as
    their fault with 0 attempts. Raises `QueueInterrupted` on Ctrl-C.
    """
    place = Steady(device_named(device) if isinstance(device, str) else device, patience.tries, patience.pause_s)
    waiting = _Wait(place.device, patience, clock, sleep)
    others = [] if reference is None else [Model.of(reference)]

    def once(model: Model) -> Latency:
        found = measure([*others, model], device=place, procedure=procedure, threads=threads, progress=progress)
        return found[-1]

    results: list[QueueResult] = []
    end: DeviceError | None = None
    for source in models:
        try:
            result, end = (
                _result(source, once, waiting) if end is None else (QueueResult(_named(source), fault=end), end)
            )
        except KeyboardInterrupt as stop:
            raise QueueInterrupted(tuple(results)) from stop
        results.append(result)
        keep(result)
    return tuple(results)


def _result(source: Source, once: Callable[[Model], Latency], waiting: _Wait) -> tuple[QueueResult, DeviceError | None]:
    """A model's result, and the fault that ends the queue (None: it goes on)."""
    try:
        model = Model.of(source)
    except UserError as error:
        return QueueResult(_named(source), fault=error), None
    attempts = waiting.patience.attempts
    fault: UserError | None = None
    for attempt in range(1, attempts + 1):
        try:
            return QueueResult(model, once(model), attempts=attempt), None
        except DeviceError as error:
            fault = error
            if error.hand:
                if not waiting.answers():
                    return QueueResult(model, fault=error, attempts=attempt), error
            elif not error.again:
                return QueueResult(model, fault=error, attempts=attempt), error
        except UserError as error:
            return QueueResult(model, fault=error, attempts=attempt), None
    return QueueResult(model, fault=fault, attempts=attempts), None


def _named(source: Source) -> Model:
    """A model that is not read, for the result of one that could not be."""
    return source if isinstance(source, Model) else Model(str(source) if not isinstance(source, bytes) else "", b"")


@dataclass(frozen=True)
class _Wait:
    """The pause of a queue."""

    device: Device
    patience: Patience
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def answers(self) -> bool:
        """Whether the device answers again, within the time."""
        start = self.clock()
        while self.clock() - start < self.patience.wait_s:
            self.sleep(self.patience.poll_s)
            try:
                self.device.machine()
            except DeviceError:
                continue
            return True
        return False
