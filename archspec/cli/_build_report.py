"""What a build says, and the three files it leaves beside the models: `record.json`, `summary.md`, `layers.csv`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from archspec.cli._options import this_command, wide
from archspec.cost import detail_table, sheets_table
from archspec.devices import latency_table
from archspec.export.delegates import stays_said
from archspec.measures import build_records
from archspec.record import write_records, write_text
from archspec.reporters import Column, Table, render, report, transposed

if TYPE_CHECKING:
    from archspec.export import Equality
    from archspec.measures import Build

ACCELERATORS = {"xnnpack": "XNNPACK", "gpu": "a GPU delegate", "nnapi": "an NPU (NNAPI)"}


class BuildReport:
    """People see each table as soon as it is known; JSON, CSV and Markdown come whole at the end."""

    def __init__(self, build: Build, reporter: str, stream: TextIO) -> None:
        self._build = build
        self._reporter = reporter
        self._stream = stream
        self._tables: list[Table] = []

    def cost(self) -> None:
        """The cost sheet."""
        self._put(transposed(sheets_table([self._build.network.cost])))

    def file(self) -> None:
        """The `.tflite`."""
        self._put(file_table(self._build))

    def latency(self) -> None:
        """Its latency."""
        if self._build.latency is not None:
            table = latency_table([self._build.latency], "")
            self._put(transposed(replace(table, notes=(*table.notes, *known_latency(self._build)))))

    def agreement(self) -> None:
        """How near it is to the Keras model."""
        self._put(agreement_table(self._build))

    def write_files(self) -> None:
        """Everything known so far, beside the models."""
        build, records = self._build, build_records(self._build)
        build.keep(records)
        write_records(build.folder / "record.json", records, command=this_command())
        write_text(build.folder / "layers.csv", render(detail_table(build.network.graph, "layer"), "csv"))
        write_text(build.folder / "summary.md", self._summary())

    def finish(self) -> None:
        """Give the data formats what they wait for."""
        build = self._build
        if self._reporter == "json":
            self._stream.write(json.dumps(build_json(build), indent=2) + "\n")
        elif self._reporter == "table":
            self._stream.write(f"\nfiles in {build.folder}\n")
        else:
            self._stream.write(render(records_table(build), self._reporter))

    def _put(self, table: Table) -> None:
        self._tables.append(table)
        if self._reporter == "table":
            report(table, self._stream, wide=wide())
            self._stream.write("\n")
            self._stream.flush()

    def _summary(self) -> str:
        build = self._build
        parts = [f"# {build.network.graph.name}\n", *(render(table, "markdown") for table in self._tables)]
        parts.append(f"### Spec\n\n```yaml\n{build.network.text.rstrip()}\n```\n")
        return "\n".join(parts)


def known_latency(build: Build) -> tuple[str, ...]:
    """That its latency was not measured now, and when it was."""
    if build.timed is None or build.timed.fresh:
        return ()
    return (f"known ({build.timed.latency.time}); --update measures it again",)


def file_table(build: Build) -> Table:
    """Size, precision and operators of the `.tflite`."""
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
        *((f"stays on {name}", stays_said(census, kind)) for kind, name in ACCELERATORS.items()),
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


def records_table(build: Build) -> Table:
    """One row a number: for CSV and Markdown."""
    columns = (Column("metric", "metric"), Column("value", "value", kind="number"), Column("unit", "unit"),
               Column("conditions", "conditions", wraps=True))  # fmt: skip
    rows = tuple(
        (
            record.metric,
            record.value,
            record.unit,
            ", ".join(f"{key}={value}" for key, value in record.conditions.items() if value not in (None, "")),
        )
        for record in build_records(build)
    )
    return Table(build.network.graph.name, columns, rows)


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
