"""A build as records: every number with its unit and the conditions it holds under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.devices import latency_records
from archspec.record import Plain, Record, package_versions, timestamp

if TYPE_CHECKING:
    from archspec.export import Equality
    from archspec.measures._build import Build


def build_records(build: Build) -> tuple[Record, ...]:
    """Everything that was worked out so far, cost first; what was not asked for is left out."""
    sheet = build.network.cost
    network: dict[str, Plain] = {
        "input_height": sheet.input_size[0],
        "input_width": sheet.input_size[1],
        "classes": sheet.classes,
        "output_stride": sheet.output_stride,
        "batch": 1,
    }
    time = timestamp()

    def row(metric: str, value: Plain, unit: str, conditions: dict[str, Plain]) -> Record:
        return Record(
            hash=sheet.hash, metric=metric, value=value, unit=unit, name=sheet.name, spec=build.network.text,
            conditions={**network, **conditions}, time=time,
        )  # fmt: skip

    rows = [
        row("params", sheet.params, "", {}),
        row("params_total", sheet.params_total, "", {}),
        row("macs", sheet.macs, "", {}),
        row("gflops", sheet.gflops, "10^9 operations", {"convention": "2 x MACs of convolutions"}),
        row("peak_memory_bytes", sheet.peak_memory_bytes, "byte", {"precision": "float32"}),
        row("memory_access_bytes", sheet.memory_access_bytes, "byte", {"precision": "float32"}),
    ]
    for precision, size in sheet.tflite_bytes.items():
        rows.append(row("tflite_bytes_predicted", size, "byte", {"precision": precision}))
    exported = build.exported
    versions: dict[str, Plain] = dict(package_versions())
    how: dict[str, Plain] = {
        "precision": exported.precision,
        "shuffle": exported.shuffle,
        "input_dtype": exported.input_dtype,
        "via": build.options.via,
        "seed": build.options.seed,
        "weights": build.network.describe_weights(build.options.seed),
        "weights_digest": None if build.network.imported is None else build.network.imported.digest,
        "calibration": str(build.options.representative or "synthetic") if exported.precision == "int8" else None,
        "notes": "; ".join(exported.notes),
    }
    rows.append(row("tflite_bytes", exported.size_bytes, "byte", {**how, **versions}))
    if build.latency is not None:
        rows += latency_records(
            build.latency, hash=sheet.hash, name=sheet.name, spec=build.network.text, conditions={**network, **how}
        )
    if build.agreement is not None:
        for weights, equality in (
            ("as written", build.agreement.file),
            ("trained statistics", build.agreement.trained_statistics),
        ):
            conditions = {**how, **versions, "weights": weights, "images": equality.images, "against": "Keras, logits"}
            rows += [row(metric, value, unit, conditions) for metric, value, unit in equality_rows(equality)]
    return tuple(rows)


def equality_rows(equality: Equality) -> list[tuple[str, float | None, str]]:
    """`(metric, value, unit)`; a signal-to-noise ratio without any noise is None."""
    snr = equality.snr_db if equality.snr_db != float("inf") else None
    return [
        ("logits_relative_error", equality.relative_error, ""),
        ("logits_snr_db", snr, "dB"),
        ("label_agreement", equality.label_agreement, "share of pixels"),
    ]
