"""What only the machine of a device can do: say which device it is, and time several networks on it in turns.

On this machine that is done at once. On an engine it is a work of its own, which runs where the device hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from archspec.devices import Progress as Rounds
from archspec.devices import device_node, device_path
from archspec.errors import user_error
from archspec.experiment.engines import LOCAL, Engine, Evaluator, Work, WorkResult, start_engine
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Leg, Places, Trip
from archspec.experiment.evaluator import catalog_of, files_of
from archspec.measures import (
    Case,
    Evaluation,
    Settings,
    Timed,
    TimedResult,
    Timing,
    check_settings,
    device_conditions,
    measure_named,
    report_step,
    settled_device,
    timed_case,
)
from archspec.network import Network
from archspec.record import Plain, Record
from archspec.spec import Named

WAIT_S = 1.0
AGAIN_S = 15.0  # until a device that did not answer is asked again
DEVICE = "device"  # the metric of the record that says which device it is

Message = Callable[[str], object]


@dataclass(frozen=True)
class _AtDevice:
    """An evaluator whose works run where the device of their settings hangs."""

    preload: tuple[str, ...] = ()
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """With the file of the device."""
        path = device_path(settings.device)
        files = {} if path is None else {settings.device: Parcel.of_path(path)}
        return Trip(self, legs=(Leg(settings, settings.device, device_node(settings.device)),), files=files)  # type: ignore[arg-type]

    def moved(self, places: Places) -> _AtDevice:
        """The same: it names no files of its own."""
        return self

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class DeviceQuestion(_AtDevice):
    """Which device it is, and what runs there."""

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """A record of the conditions that every latency of it has."""
        conditions = device_conditions(settings.device, settings.threads)
        return Evaluation({}, (Record("", DEVICE, None, conditions=conditions),))


@dataclass(frozen=True)
class TurnsEvaluator(_AtDevice):
    """The latencies of several networks, by `(name, spec's text, precision)`, taken in turns."""

    networks: tuple[tuple[str, str, str], ...] = ()
    metrics: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The records of all of them. Raises `UserError` for a network that the device cannot run."""
        step: Callable[[Rounds], None] = lambda one: report_step(one.stage, one.done, one.total)  # noqa: E731
        timing = Timing(settings.device, settings.procedure, self.metrics, None, True, settings.output, step)
        catalog = catalog_of(settings.plugins)
        several = [
            timed_case(
                Case(Network.of_text(text, file=f"<{name}>", catalog=catalog), replace(settings, precision=precision)),
                name,
            )
            for name, text, precision in self.networks
        ]
        found = timing.run(several)
        return Evaluation({}, tuple(record for one in found for record in one.records.values()))

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """With the files that the networks name."""
        trip = super().trip(spec_text, settings)
        catalog, files = catalog_of(settings.plugins), dict(trip.files)
        for name, text, _ in self.networks:
            files |= files_of(Network.of_text(text, file=f"<{name}>", catalog=catalog).spec, settings)
        return replace(trip, files=files)

    def moved(self, places: Places) -> TurnsEvaluator:
        """With the paths of the machine that it runs on."""
        networks = tuple((name, places.spec_text(text), precision) for name, text, precision in self.networks)
        return replace(self, networks=networks)


def at_device(
    evaluator: Evaluator,
    settings: Settings,
    engine: Named,
    message: Message,
    step: Callable[[Rounds], None] | None = None,
) -> Evaluation:
    """One work on an engine, at the device of the settings; while that does not answer, it is asked again.

    Raises `UserError` with what the work raised.
    """
    running = start_engine(1, evaluator, engine)
    try:
        ended = _ended(running, Work(0, "", settings), message, step)
    finally:
        running.stop()
    if ended.evaluation is None:
        raise user_error(f"{settings.device}: {ended.reason}", "Mend that, and run it again")
    return ended.evaluation


def _ended(engine: Engine, work: Work, message: Message, step: Callable[[Rounds], None] | None) -> WorkResult:
    said = ""
    engine.start(work)
    while True:
        for ended in engine.wait(WAIT_S):
            if ended.ended == "away":
                if ended.reason != said:
                    message(f"waits for {work.settings.device}: {ended.reason}")
                said = ended.reason
                time.sleep(AGAIN_S)
                engine.start(work)
            elif ended.ended == "lost":
                engine.start(work)
            else:
                return ended
        for line in engine.messages:
            message(line)
        for one in engine.at_work if step is not None else ():
            if step is not None and one.total:
                step(Rounds(one.what, "", one.done, one.total))


@contextmanager
def device_at(settings: Settings, engine: Named, message: Message) -> Iterator[Mapping[str, Plain]]:
    """Within this context the device of the settings is the one that the engine reaches; gives its conditions.

    Nothing is asked of it where no metric is timed. Raises `UserError` for a device that cannot be used.
    """
    if not any(measure_named(name).in_turns for name in settings.asked):
        yield {}
        return
    if engine == LOCAL:
        check_settings(settings)
        yield device_conditions(settings.device, settings.threads)
        return
    (record,) = at_device(DeviceQuestion(), settings, engine, message).records
    with settled_device(settings.device, settings.threads, record.conditions):
        yield record.conditions


def timed_on(
    engine: Named, timing: Timing, several: Sequence[tuple[Timed, Network, str]], settings: Settings, message: Message
) -> tuple[TimedResult, ...]:
    """Latencies of networks in their precisions, taken in turns where the device is; what the ledger has stays.

    Networks of one key are timed once. Raises `UserError`.
    """
    timed = [one for one, _, _ in several]
    if engine == LOCAL:
        return timing.run(timed)
    known = timing.known(timed)
    lacking = {timing.key(one[0]): one for one, found in zip(several, known, strict=True) if found is None}
    records: dict[str, Record] = {}
    if lacking:
        networks = tuple((one.name, network.text, precision) for one, network, precision in lacking.values())
        evaluator = TurnsEvaluator(networks=networks, metrics=timing.metrics)
        records = {one.key: one for one in at_device(evaluator, settings, engine, message, timing.progress).records}
        if timing.ledger is not None:
            timing.ledger.add(records.values(), replace=True)
    return tuple(
        found or TimedResult(one, timing.records_of(one, records), fresh=True)
        for one, found in zip(timed, known, strict=True)
    )
