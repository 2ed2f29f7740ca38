"""Latencies of all rows from one measurement in which they take turns: what drifts, drifts for all of them alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from statistics import quantiles

from archspec.ablation.ablation import Ablation, Row
from archspec.ablation.result import Ratio, Reading
from archspec.devices import Latency, Model, latency_records, measure
from archspec.devices import Progress as Rounds
from archspec.devices import device as device_named
from archspec.ledger import Ledger
from archspec.record import Plain, Record, package_versions

# Metric of a table -> what is read off a latency. `latency_ratio` is to the base row here.
TOGETHER: Mapping[str, tuple[str, Callable[[Latency], float | None]]] = {
    "latency_ms": ("ms", lambda found: found.median_ms),
    "latency_mean_ms": ("ms", lambda found: found.wall.mean),
    "latency_variance_ms2": ("ms²", lambda found: found.wall.variance),
    "latency_ratio": ("", lambda found: found.paired_ratio),
    "fps": ("1/s", lambda found: found.fps),
}
IQR, RATIO = "latency_iqr_ms", "latency_to_base"
FEWEST_ROUNDS = 4


def latencies(
    ablation: Ablation, hashes: Mapping[str, str], ledger: Ledger, told: Callable[[Rounds], None], *, update: bool
) -> tuple[dict[tuple[str, str], Reading], dict[str, Ratio], bool]:
    """Readings by row and metric, ratios to the base row, and whether anything was measured now.

    The ledger is asked for one measurement of the same networks by the same procedure on the same device and runtime.
    Raises `UserError` for a network that the device cannot run.
    """
    wanted = [metric for metric in ablation.metrics if metric in TOGETHER]
    if not wanted:
        return {}, {}, False
    together = _digest(ablation, hashes)
    known = [] if update else known_latencies(ablation, hashes, ledger)
    fresh = not known
    if fresh:
        known = _measured(ablation, hashes, together, told)
        ledger.add(known, replace=True)  # never numbers of two measurements in one table
    by_row = {(str(record.conditions["row"]), record.metric): record for record in known}
    spreads = {row.name: _number(by_row[row.name, IQR]) for row in ablation.rows}
    readings = {
        (row.name, metric): Reading(
            {None: by_row[row.name, metric]}, spreads[row.name] if metric == "latency_ms" else 0
        )
        for row in ablation.rows
        for metric in wanted
    }
    return readings, {row.name: _ratio(by_row[row.name, RATIO]) for row in ablation.rows}, fresh


def known_latencies(ablation: Ablation, hashes: Mapping[str, str], ledger: Ledger) -> list[Record]:
    """The records of one measurement of all rows; none where the ledger lacks one of them."""
    conditions = {"together": _digest(ablation, hashes)}
    networks = sorted({hashes[row.name] for row in ablation.rows})  # the ledger has an index of those
    found = [record for each in networks for record in ledger.find(hash=each, conditions=conditions)]
    wanted = {(metric, row.name) for metric in (*TOGETHER, IQR, RATIO) for row in ablation.rows}
    return found if {(record.metric, str(record.conditions["row"])) for record in found} >= wanted else []


def _ratio(record: Record) -> Ratio:
    """The ratio, and between which two the middle half of its rounds lies."""
    value = _number(record)
    if len(record.samples) < FEWEST_ROUNDS:
        return Ratio(value, value, value)
    lower, _, upper = quantiles(record.samples, n=4, method="inclusive")
    return Ratio(value, lower, upper)


def _number(record: Record) -> float:
    return float(record.value) if isinstance(record.value, int | float) else 0.0


def _digest(ablation: Ablation, hashes: Mapping[str, str]) -> str:
    device = device_named(ablation.target.name)
    rows = [[row.name, hashes[row.name], row.precision] for row in ablation.rows]
    where = [ablation.target.name, device.machine().fingerprint, ablation.target.threads, ablation.procedure]
    text = json.dumps([rows, ablation.base, where, package_versions()])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _measured(
    ablation: Ablation, hashes: Mapping[str, str], together: str, told: Callable[[Rounds], None]
) -> list[Record]:
    rows = [ablation.base_row, *(row for row in ablation.rows if row.name != ablation.base)]
    found = measure(
        [_exported(row) for row in rows],
        device=device_named(ablation.target.name),
        procedure=ablation.procedure,
        threads=ablation.target.threads,
        progress=told,
    )
    by_name = dict(zip((row.name for row in rows), found, strict=True))
    records = []
    for row in ablation.rows:
        latency = by_name[row.name]
        conditions: dict[str, Plain] = {"together": together, "row": row.name, "precision": row.precision}
        basis = latency_records(
            latency, hash=hashes[row.name], name=row.name, spec=row.network.text, conditions=conditions
        )
        basic = basis[0]
        values = {metric: (unit, value(latency)) for metric, (unit, value) in TOGETHER.items()}
        values |= {
            IQR: ("ms", latency.wall.iqr),
            RATIO: ("", 1.0 if row.name == ablation.base else latency.paired_ratio),
        }
        values["latency_ratio"] = values[RATIO]
        records += [_record(basic, metric, unit, value, latency) for metric, (unit, value) in values.items()]
    return records


def _exported(row: Row) -> Model:
    return Model(row.name, row.network.to_tflite(precision=row.precision).data)


def _record(basic: Record, metric: str, unit: str, value: float | None, latency: Latency) -> Record:
    row = basic.to_json() | {"metric": metric, "unit": unit, "value": value}
    samples = {"latency_ms": latency.samples_ms, RATIO: latency.round_ratios}
    row["samples"] = list(samples.get(metric, ()))
    return Record.from_json(row)
