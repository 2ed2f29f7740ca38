"""Records as tables: for people, with the conditions that all share in a note; for programs, with everything.

And a build as tables and as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec.record import Plain, Record
from archspec.reporters import Cell, Column, Table

if TYPE_CHECKING:
    from archspec.export import Equality
    from archspec.measures._build import Build

_SHORT = 10  # digits of a hash, as folders of builds have them
_COLUMNS = {
    column.id: column
    for column in (
        Column("name", "Network"),
        Column("hash", "Hash", detail=True),
        Column("metric", "Metric"),
        Column("value", "Value", align="right"),
        Column("unit", "Unit"),
        Column("samples", "Samples", kind="integer", detail=True),
        Column("time", "Time (UTC)", detail=True),
        Column("conditions", "Conditions", wraps=True),
    )
}
ACCELERATORS = {"xnnpack": "XNNPACK", "gpu": "a GPU delegate", "nnapi": "an NPU (NNAPI)"}


def numbers_table(
    records: Sequence[Record],
    title: str,
    notes: Sequence[str] = (),
    *,
    rounded: bool = True,
    columns: Sequence[str] = tuple(_COLUMNS),
) -> Table:
    """One row for each record. `rounded` is for people: conditions that all share are a note, and hashes are short."""
    shared = _shared(records) if rounded else {}
    rows = tuple(tuple(_cells(record, shared, rounded)[column] for column in columns) for record in records)
    common = [f"all of them: {_describe(shared)}"] if shared else []
    return Table(title, tuple(_COLUMNS[column] for column in columns), rows, (*notes, *common))


def _cells(record: Record, shared: Mapping[str, Plain], rounded: bool) -> dict[str, Cell]:
    own = {name: value for name, value in record.conditions.items() if name not in shared}
    return {
        "name": record.name,
        "hash": record.hash[:_SHORT] if rounded else record.hash,
        "metric": record.metric,
        "value": f"{record.value:.6g}" if rounded and isinstance(record.value, float) else record.value,
        "unit": record.unit,
        "samples": len(record.samples) or None,
        "time": record.time,
        "conditions": _describe(own),
    }


def _shared(records: Sequence[Record]) -> dict[str, Plain]:
    """Conditions that every record has, with one value."""
    if len(records) < 2:
        return {}
    first, *others = records
    return {
        name: value
        for name, value in first.conditions.items()
        if all(name in other.conditions and other.conditions[name] == value for other in others)
    }


def _describe(conditions: Mapping[str, Plain]) -> str:
    return ", ".join(f"{name}={value}" for name, value in conditions.items() if value not in (None, ""))


def everything_table(records: Sequence[Record]) -> Table:
    """One column for each field, condition and circumstance: nothing rounded, samples as a JSON list."""
    conditions = sorted({name for record in records for name in record.conditions})
    circumstances = sorted({name for record in records for name in record.circumstances})
    fields = ("key", "hash", "metric", "value", "unit", "name", "time", "samples")
    columns = [Column(name, name) for name in fields]
    columns += [Column(f"condition.{name}", f"condition.{name}") for name in conditions]
    columns += [Column(f"circumstance.{name}", f"circumstance.{name}") for name in circumstances]
    rows = tuple(
        (
            *(record.key, record.hash, record.metric, record.value, record.unit, record.name, record.time),
            json.dumps(record.samples) if record.samples else "",
            *(record.conditions.get(name) for name in conditions),
            *(record.circumstances.get(name) for name in circumstances),
        )
        for record in records
    )
    return Table("", tuple(columns), rows)


def counts_table(title: str, records: Iterable[Record], notes: Sequence[str] = ()) -> Table:
    """How many records of each metric."""
    counts = Counter(record.metric for record in records)
    columns = (Column("metric", "Metric"), Column("records", "Records", kind="integer"))
    return Table(title, columns, tuple(sorted(counts.items())), tuple(notes))


def known_latency(build: Build) -> tuple[str, ...]:
    """That its latency was not measured now, and when it was."""
    if build.timed is None or build.timed.fresh:
        return ()
    return (f"known ({build.timed.latency.time}); --update measures it again",)


def file_table(build: Build) -> Table:
    """Size, precision and operators of the `.tflite`."""
    from archspec.export.delegates import describe_fallbacks

    exported, census = build.exported, build.exported.census
    predicted = build.network.cost.tflite_bytes[exported.precision]
    rows = (
        ("file", str(build.tflite_path)),
        ("precision", exported.precision),
        ("input", f"{exported.input_dtype} 1 x {' x '.join(map(str, build.network.graph.inputs[0].shape))}"),
        ("size (MB)", f"{exported.size_bytes / 1e6:.3f}"),
        ("predicted size (MB)", f"{predicted / 1e6:.3f}"),
        ("MACs counted in the file", "not known" if census.macs is None else f"{census.macs:,}"),
        ("operators", ", ".join(f"{count} {code}" for code, count in census.operations.items())),
        *((f"stays on {name}", describe_fallbacks(census, kind)) for kind, name in ACCELERATORS.items()),
    )
    columns = (Column("what", "TensorFlow Lite file"), Column("value", "", wraps=True))
    return Table("", columns, rows, (f"weights: {build.network.describe_weights(build.options.seed)}", *exported.notes))


def agreement_table(build: Build) -> Table:
    """The `.tflite` against Keras."""
    columns = (
        Column("weights", "TFLite against Keras, weights"),
        Column("images", "images", kind="integer"),
        Column("relative_error", "largest relative error of logits"),
        Column("snr_db", "signal to noise", "dB"),
        Column("label_agreement", "equal labels", "%", "number", 3),
    )
    agreement = build.agreement
    rows: tuple[tuple[str, int, str, str, float], ...] = ()
    if agreement is not None:
        rows = (
            _agreement_row("as written", agreement.file),
            _agreement_row("trained statistics", agreement.trained_statistics),
        )
    notes = (
        "relative error: max |a - b| / max |b| over all images; float32 is refused above 1e-5 (imported weights: 1e-4)",
    )
    return Table("", columns, rows, notes)


def _agreement_row(weights: str, equality: Equality) -> tuple[str, int, str, str, float]:
    snr = "no noise" if equality.snr_db == float("inf") else f"{equality.snr_db:.1f}"
    return weights, equality.images, f"{equality.relative_error:.1e}", snr, 100 * equality.label_agreement


def build_table(build: Build, *, rounded: bool) -> Table:
    """One row for each number of the build."""
    from archspec.measures._build import build_records

    columns = ("metric", "value", "unit", "conditions")
    table = numbers_table(build_records(build), build.network.graph.name, rounded=rounded, columns=columns)
    return replace(table, columns=tuple(replace(column, name=column.id) for column in table.columns))


def build_json(build: Build) -> dict[str, Any]:
    """The cost sheet's object with what the build adds; what was not asked for is null."""
    exported, latency, agreement = build.exported, build.latency, build.agreement
    return {
        **build.network.cost.to_json(),
        "folder": str(build.folder),
        "tflite_path": str(build.tflite_path),
        "keras_path": str(build.keras_path) if agreement is not None else None,
        "precision": exported.precision,
        "input_dtype": exported.input_dtype,
        "tflite_file_bytes": exported.size_bytes,
        "tflite_mb": exported.size_bytes / 1e6,
        "op_census": exported.census.operations,
        "macs_in_file": exported.census.macs,
        "notes": [*exported.notes, *known_latency(build)],
        "latency_ms": {**latency.wall.to_json(), "fps": latency.fps, "samples": list(latency.samples_ms)}
        if latency
        else None,
        "paired_ratio": latency.paired_ratio if latency else None,
        "latency": _latency_conditions(build),
        "equality": {
            "file": _equality_json(agreement.file),
            "trained_statistics": _equality_json(agreement.trained_statistics),
        }
        if agreement
        else None,
    }


def _latency_conditions(build: Build) -> dict[str, Any] | None:
    if build.latency is None:
        return None
    everything = build.latency.to_json()
    return {key: value for key, value in everything.items() if key not in ("samples_ms", "wall")}


def _equality_json(equality: Equality) -> dict[str, Any]:
    snr = None if equality.snr_db == float("inf") else equality.snr_db
    return {
        "images": equality.images,
        "relative_error": equality.relative_error,
        "snr_db": snr,
        "label_agreement": equality.label_agreement,
    }
