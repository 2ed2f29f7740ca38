"""The latencies of all rows: what the ledger lacks is timed in turns, and each row is compared with the base row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from archspec.ablation.ablation import Ablation
from archspec.ablation.result import Reading
from archspec.devices import Progress as Rounds
from archspec.devices import summarise
from archspec.ledger import Ledger
from archspec.measures import Case, Ratio, Settings, Timed, Timing, measure_named, ratio_between, timed_case
from archspec.record import Record


@dataclass(frozen=True)
class Latencies:
    """Readings by row and metric, ratios to the base row, and how many numbers were measured now."""

    readings: Mapping[tuple[str, str], Reading] = field(default_factory=dict)
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    measured: int = 0


def asked_latencies(ablation: Ablation) -> tuple[str, ...]:
    """The metrics of the table that are read off latencies."""
    return tuple(metric for metric in ablation.metrics if measure_named(metric).in_turns)


def latencies(
    ablation: Ablation, settings: Settings, ledger: Ledger, progress: Callable[[Rounds], None], *, update: bool
) -> Latencies:
    """Of every row; `update` times all in one go. Raises `UserError` for a network that the device cannot run."""
    metrics = asked_latencies(ablation)
    if not metrics:
        return Latencies()
    timing = Timing(settings.device, ablation.procedure, metrics, ledger, update, settings.output, progress)
    found = dict(zip((row.name for row in ablation.rows), timing.run(_timed(ablation, settings)), strict=True))
    readings = {}
    for row, result in found.items():
        spread = summarise(result.records["latency_ms"].samples).iqr
        for metric in metrics:
            records: dict[int | None, Record] = {}
            if metric in result.records:
                records[None] = result.records[metric]
            readings[row, metric] = Reading(records, spread if metric == "latency_ms" else 0)
    base = found[ablation.base].records
    ratios = {row: ratio_between(result.records, base) for row, result in found.items()}
    fresh = {result.records["latency_ms"].key for result in found.values() if result.fresh}
    return Latencies(readings, ratios, len(fresh) * len(metrics))


def lacking_latencies(ablation: Ablation, settings: Settings, ledger: Ledger | None) -> list[str]:
    """The rows that would be timed."""
    timing = Timing(settings.device, ablation.procedure, asked_latencies(ablation), ledger)
    known = timing.known(_timed(ablation, settings))
    return [row.name for row, one in zip(ablation.rows, known, strict=True) if one is None]


def _timed(ablation: Ablation, settings: Settings) -> Sequence[Timed]:
    return [
        timed_case(Case(row.network, replace(settings, precision=row.precision)), row.name) for row in ablation.rows
    ]
