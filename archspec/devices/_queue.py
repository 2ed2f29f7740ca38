"""Many models on a device that is not to be relied on: each gets its result or its reason, and none waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archspec.devices._catalog import device as device_named
from archspec.devices._contract import Device, Model
from archspec.devices._faults import DeviceError
from archspec.devices._latency import Latency
from archspec.devices._link import PAUSE_S
from archspec.devices._measure import Source, Watcher, measure
from archspec.devices._procedure import Procedure
from archspec.devices._steady import Steady
from archspec.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What became of one model: its latency, or why it has none. `attempts` 0: it was never tried."""

    model: Model
    latency: Latency | None = None
    fault: UserError | None = None
    attempts: int = 0


class QueueInterrupted(KeyboardInterrupt):
    """Ctrl-C in a queue: a `KeyboardInterrupt` with the outcomes of the models that were finished."""

    def __init__(self, outcomes: tuple[Outcome, ...]) -> None:
        self.outcomes = outcomes
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
    keep: Callable[[Outcome], None] = lambda _: None,
    progress: Watcher | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Outcome, ...]:
    """Measure model after model (with `reference`, in turns with it); an outcome each, in the order given.

    `keep` is told each outcome as soon as there is one, so that nothing that was measured is ever lost. A model's own
    fault (`UserError`) is its outcome and the queue goes on. A `DeviceError` is tried again; where somebody has to see
    to the device the queue pauses; one that no try and no wait can mend ends it, and the models after it have it as
    their fault with 0 attempts. Raises `QueueInterrupted` on Ctrl-C.
    """
    place = Steady(device_named(device) if isinstance(device, str) else device, patience.tries, patience.pause_s)
    waiting = _Wait(place.device, patience, clock, sleep)
    others = [] if reference is None else [Model.of(reference)]

    def once(model: Model) -> Latency:
        found = measure([*others, model], device=place, procedure=procedure, threads=threads, progress=progress)
        return found[-1]

    outcomes: list[Outcome] = []
    end: DeviceError | None = None
    for source in models:
        try:
            outcome, end = _outcome(source, once, waiting) if end is None else (Outcome(_named(source), fault=end), end)
        except KeyboardInterrupt as stop:
            raise QueueInterrupted(tuple(outcomes)) from stop
        outcomes.append(outcome)
        keep(outcome)
    return tuple(outcomes)


def _outcome(source: Source, once: Callable[[Model], Latency], waiting: _Wait) -> tuple[Outcome, DeviceError | None]:
    """A model's outcome, and the fault that ends the queue (None: it goes on)."""
    try:
        model = Model.of(source)
    except UserError as error:
        return Outcome(_named(source), fault=error), None
    attempts = waiting.patience.attempts
    fault: UserError | None = None
    for attempt in range(1, attempts + 1):
        try:
            return Outcome(model, once(model), attempts=attempt), None
        except DeviceError as error:
            fault = error
            if error.hand:
                if not waiting.answers():
                    return Outcome(model, fault=error, attempts=attempt), error
            elif not error.again:
                return Outcome(model, fault=error, attempts=attempt), error
        except UserError as error:
            return Outcome(model, fault=error, attempts=attempt), None
    return Outcome(model, fault=fault, attempts=attempts), None


def _named(source: Source) -> Model:
    """A model that is not read, for the outcome of one that could not be."""
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
