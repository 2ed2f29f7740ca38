"""What only the machine of a device can do: say which device it is, and time several networks on it in turns.

On this machine that is done at once. On an engine it is a work of its own, which runs where the device hangs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archspec.arrays import Precision
from archspec.devices import Progress as Rounds
from archspec.devices import device_node, device_path
from archspec.errors import Place, user_error
from archspec.experiment.engines import AGAIN_S, LOCAL, Engine, Evaluator, Work, WorkResult, start_engine
from archspec.experiment.engines._parcels import Parcel
from archspec.experiment.engines._trip import Leg, Places, Trip
from archspec.experiment.evaluator import catalog_of, files_of
from archspec.files import is_file, read_text
from archspec.measures import (
    Case,
    Evaluation,
    Settings,
    Timed,
    TimedResult,
    Timing,
    device_conditions,
    measure_named,
    report_step,
    settled_device,
    timed_case,
)
from archspec.network import Network
from archspec.record import Plain, Record, write_text
from archspec.spec import Named

WAIT_S = 1.0
DEVICE = "device"  # the metric of the record that says which device it is

Message = Callable[[str], object]


@dataclass(frozen=True)
class AtDevice:
    """An evaluator whose works run where the device of their settings hangs."""

    preload: tuple[str, ...] = ()
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """With the file of the device, and those that its networks name."""
        path, catalog = device_path(settings.device), catalog_of(settings.plugins)
        files = {} if path is None else {settings.device: Parcel.of_path(path)}
        for text in self.spec_texts():
            files |= files_of(Network.of_text(text, file="<spec>", catalog=catalog).spec, settings)
        return Trip(self, legs=(Leg(settings, settings.device, device_node(settings.device)),), files=files)  # type: ignore[arg-type]

    def spec_texts(self) -> tuple[str, ...]:
        """The specs of its networks: none."""
        return ()

    def moved(self, places: Places) -> AtDevice:
        """The same: it names no files of its own."""
        return self

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class DeviceQuestion(AtDevice):
    """Which device it is, and what runs there."""

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """A record of the conditions that every latency of it has."""
        conditions = device_conditions(settings.device, settings.threads)
        return Evaluation({}, (Record("", DEVICE, None, conditions=conditions),))


@dataclass(frozen=True)
class TurnsEvaluator(AtDevice):
    """The latencies of several networks, by `(name, spec's text, precision)`, taken in turns."""

    networks: tuple[tuple[str, str, Precision], ...] = ()
    metrics: tuple[str, ...] = ()

    def evaluate(self, spec_text: str, genome: Mapping[str, Any], settings: Settings) -> Evaluation:
        """The records of all of them. Raises `UserError` for a network that the device cannot run."""
        step: Callable[[Rounds], None] = lambda one: report_step(one.stage, one.done, one.total)  # noqa: E731
        timing = Timing(
            settings.device, settings.procedure, self.metrics, None, True, settings.output, step, waits=False
        )
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

    def spec_texts(self) -> tuple[str, ...]:
        """Of all of them."""
        return tuple(text for _, text, _ in self.networks)

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

    Nothing is asked of it where no metric is timed or predicted. Raises `UserError` for a device that cannot be used.
    """
    wanted = [measure_named(name) for name in settings.asked]
    if not any(one.in_turns or one.predicted for one in wanted):
        yield {}
        return
    if engine == LOCAL:
        yield device_conditions(settings.device, settings.threads)
        return
    (record,) = at_device(DeviceQuestion(), settings, engine, message).records
    with settled_device(settings.device, settings.threads, record.conditions):
        yield record.conditions


def check_same_device(file: Path, conditions: Mapping[str, Plain]) -> None:
    """Note in a file which device a study has its milliseconds of. Raises `UserError` where it was another one."""
    if not conditions:
        return
    here = {name: str(conditions[name]) for name in ("device", "device_fingerprint")}
    if not is_file(file):
        write_text(file, json.dumps(here, indent=2) + "\n")
        return
    try:
        before = json.loads(read_text(file))
        before = {name: str(before[name]) for name in here}
    except (ValueError, KeyError, TypeError) as error:
        fact = f"does not say which device a study has its latencies of ({error})"
        raise user_error(fact, "Put a copy of before in its place", place=Place(str(file))) from error
    if before != here:
        fact = (
            f"the latencies of this study are of {before['device']} with the fingerprint "
            f"{before['device_fingerprint']}, and this is {here['device']} with {here['device_fingerprint']}"
        )
        raise user_error(fact, "Go on where it was begun, or begin another study with --output", place=Place(str(file)))


def timed_on(
    engine: Named,
    timing: Timing,
    several: Sequence[tuple[Timed, Network, Precision]],
    settings: Settings,
    message: Message,
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
