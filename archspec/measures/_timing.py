"""Latencies are taken here: whatever is lacking in one measurement, in turns with the bundled reference network.

What drifts then drifts for all of them alike, and two networks are compared by their ratios to the reference, whoever
timed them and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import Place, user_error
from archspec.measures import Measure, measure_named, measures
from archspec.measures._device import device_conditions, device_of, reference
from archspec.network import REFERENCE_NAME
from archspec.record import Plain, Record, turn

if TYPE_CHECKING:
    from archspec.devices import Device, Latency, Progress
    from archspec.ledger import KnownNumbers

HOST = "host"
NEEDED = ("latency_ms", "latency_ratio")  # from their samples the others follow, and the ratio to any other network


@dataclass(frozen=True)
class Timed:
    """A `.tflite` that is to be timed. `conditions` are those of its network and of how it was exported; `content`
    makes the file, only where it has to be timed. `label` is what tables call it, where that is not its name."""

    name: str
    hash: str
    content: Callable[[], bytes]
    conditions: Mapping[str, Plain] = field(default_factory=dict)
    spec: str = ""
    place: Place = Place("")
    threads: int = 1
    delegate: str = ""
    label: str = ""


@dataclass(frozen=True)
class TimedResult:
    """The latency records of one network by their metrics. `fresh`: they were taken now, not found in the ledger."""

    timed: Timed
    records: Mapping[str, Record]
    fresh: bool

    @cached_property
    def latency(self) -> Latency:
        """The measurement that the records are of."""
        from archspec.devices import latency_of_records

        return latency_of_records(self.timed.label or self.timed.name, self.records)

    @property
    def measurement(self) -> str:
        """Equal for networks that took turns with each other."""
        record = self.records["latency_ms"]
        return str(record.circumstances.get("measurement") or record.key)


def timing_conditions(device: str, procedure: str, threads: int = 1, delegate: str = "") -> dict[str, Plain]:
    """Device, runtime, threads and procedure. Raises `UserError` for a device that does not answer."""
    from archspec.devices import procedure as procedure_named

    steps = procedure_named(procedure)
    return {
        **device_conditions(device, threads, delegate),
        "warmup_s": steps.warmup_s,
        "runs": steps.runs,
        "runs_per_round": steps.runs_per_round,
        "beside": REFERENCE_NAME,
    }


@dataclass(frozen=True)
class Timing:
    """How networks are timed: on which device, by which procedure, and what the ledger knows already.

    `metrics` are asked for beside what every comparison needs. `again` times all in one go, whatever is known.
    `output` is the folder of those who take turns on the device, by a lock in it. `waits`: a device that somebody has
    to see to is waited for where one network is timed; else it is the caller's to ask again.
    """

    device: str = HOST
    procedure: str = "default"
    metrics: tuple[str, ...] = ()
    ledger: KnownNumbers | None = None
    again: bool = False
    output: str = ""
    progress: Callable[[Progress], None] | None = None
    waits: bool = True

    def conditions(self, timed: Timed) -> dict[str, Plain]:
        """All that a network's latency holds under. Raises `UserError` for a device that does not answer."""
        return {**timing_conditions(self.device, self.procedure, timed.threads, timed.delegate), **timed.conditions}

    def known(self, several: Sequence[Timed]) -> list[TimedResult | None]:
        """What the ledger has of each; None where something of it is lacking."""
        if self.ledger is None or self.again:
            return [None] * len(several)
        needed = {*NEEDED, *self.metrics}
        keys = [{measure.name: self.key(timed, measure.name) for measure in latency_measures()} for timed in several]
        kept = self.ledger.get_many(key for of_one in keys for key in of_one.values())
        found: list[TimedResult | None] = []
        for timed, of_one in zip(several, keys, strict=True):
            records = {metric: kept[key] for metric, key in of_one.items() if key in kept}
            whole = records.keys() >= needed and all(records[metric].samples for metric in NEEDED)
            found.append(TimedResult(timed, records, fresh=False) if whole else None)
        return found

    def run(self, several: Sequence[Timed]) -> tuple[TimedResult, ...]:
        """The latencies of all of them; what the ledger lacks is timed now and added to it.

        Networks of one key are timed once. Raises `UserError` for one that the device cannot run, and `Interrupted`
        with the whole rounds of all that were begun.
        """
        from archspec.devices import Interrupted

        known = self.known(several)
        lacking = {self.key(timed): timed for timed, one in zip(several, known, strict=True) if one is None}
        try:
            fresh = self._results(lacking, self._latencies(tuple(lacking.values())) if lacking else ())
        except Interrupted as stop:
            fresh = self._results(lacking, stop.latencies)
            raise Interrupted(tuple(one.latency for one in self._all(several, known, fresh))) from stop
        if self.ledger is not None and fresh:
            self.ledger.add((one for result in fresh.values() for one in result.records.values()), replace=True)
        return self._all(several, known, fresh)

    def key(self, timed: Timed, metric: str = "latency_ms") -> str:
        """What a ledger is asked for. Raises `UserError` for a device that does not answer."""
        return Record(timed.hash, metric, None, conditions=self.conditions(timed)).key

    def records_of(self, timed: Timed, records: Mapping[str, Record]) -> dict[str, Record]:
        """Of records by their keys those of one network, by metric."""
        keys = {measure.name: self.key(timed, measure.name) for measure in latency_measures()}
        return {metric: records[key] for metric, key in keys.items() if key in records}

    def _all(
        self, several: Sequence[Timed], known: Sequence[TimedResult | None], fresh: Mapping[str, TimedResult]
    ) -> tuple[TimedResult, ...]:
        found = ((timed, one or fresh.get(self.key(timed))) for timed, one in zip(several, known, strict=True))
        return tuple(replace(one, timed=timed) for timed, one in found if one is not None)

    def _results(self, lacking: Mapping[str, Timed], latencies: Sequence[Latency]) -> dict[str, TimedResult]:
        measurement = _measurement(latencies)
        return {
            key: TimedResult(timed, latency_records(timed, latency, self.conditions(timed), measurement), fresh=True)
            for (key, timed), latency in zip(lacking.items(), latencies, strict=False)
        }

    def _latencies(self, several: Sequence[Timed]) -> tuple[Latency, ...]:
        """Each with the samples of the reference under the same settings."""
        from archspec.devices import Interrupted, Patience, SetModel, measure_queue, measure_settings

        own = [one for one in several if one.name != REFERENCE_NAME]
        models = [SetModel(one.label or one.name, one.content(), one.place, one.threads, one.delegate) for one in own]
        settings = list(dict.fromkeys((one.threads, one.delegate) for one in several))
        with self._alone():
            if self.device != HOST and len(models) == len(several) == 1:  # such a device is not to be relied on
                (outcome,) = measure_queue(
                    models,
                    device=self._opened(own[0].delegate),
                    procedure=self.procedure,
                    threads=own[0].threads,
                    reference=reference(),
                    patience=Patience() if self.waits else Patience(wait_s=0.0),
                    progress=self.progress,
                )
                if outcome.latency is None:
                    raise outcome.fault or user_error("the device gave no latency")
                return (outcome.latency,)
            basis = [SetModel(REFERENCE_NAME, reference().content, Place(""), *setting) for setting in settings]
            try:
                found = measure_settings(
                    [*basis, *models], self._opened, procedure=self.procedure, progress=self.progress
                )
            except Interrupted as stop:
                raise Interrupted(_paired(several, settings, stop.latencies)) from stop
        return _paired(several, settings, found)

    def _opened(self, delegate: str) -> Device:
        return device_of(self.device, delegate) if delegate else device_of(self.device)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process of the same output measures on the device meanwhile; what else runs there may."""
        if not self.output:
            yield
            return
        name = "".join(letter if letter.isalnum() else "_" for letter in self.device)
        with turn(Path(self.output) / f".latency-{name}.lock"):
            yield


def _paired(
    several: Sequence[Timed], settings: Sequence[tuple[int, str]], found: Sequence[Latency]
) -> tuple[Latency, ...]:
    """Of the latencies of the reference under each setting, then of the others: those of `several`, each compared
    with the reference under its own setting."""
    if not found:
        return ()
    references, others = dict(zip(settings, found, strict=False)), iter(found[len(settings) :])
    paired = []
    for one in several:
        basis = references[one.threads, one.delegate]
        latency = basis if one.name == basis.name else next(others)
        paired.append(replace(latency, reference=basis.name, reference_samples_ms=basis.samples_ms))
    return tuple(paired)


def _measurement(latencies: Sequence[Latency]) -> str:
    """12 hexadecimal letters for one measurement of several networks."""
    what = repr([(one.time, one.model_hash, one.samples_ms) for one in latencies])
    return hashlib.blake2b(what.encode(), digest_size=6).hexdigest()


def latency_measures() -> tuple[Measure, ...]:
    """The measures whose numbers are read off one measurement of a latency."""
    return _read_off(measures())


@cache
def _read_off(names: tuple[str, ...]) -> tuple[Measure, ...]:
    return tuple(measure for measure in map(measure_named, names) if measure.read is not None)


def latency_records(
    timed: Timed, latency: Latency, conditions: Mapping[str, Plain], measurement: str = ""
) -> dict[str, Record]:
    """Every number of a latency as a record, by its metric; those that the device does not give are left out."""
    from archspec.devices import latency_circumstances

    whole = {**latency_circumstances(latency), "measurement": measurement}
    short = {name: whole[name] for name in ("cautions", "cpu", "measurement")}
    records = {}
    for measure in latency_measures():
        found = None if measure.read is None else measure.read(latency)
        if found is not None and found.value is not None:
            records[measure.name] = Record(
                hash=timed.hash,
                metric=measure.name,
                value=found.value,
                unit=measure.unit,
                name=timed.name,
                spec=timed.spec,
                conditions=conditions,
                circumstances=whole if measure.name == "latency_ms" else short,
                samples=found.samples,
                time=latency.time,
            )
    return records
