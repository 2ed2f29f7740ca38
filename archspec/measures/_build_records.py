"""A build as records: every number with its unit and the conditions it holds under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.measures import measure_named
from archspec.measures._evaluate import taken_record
from archspec.record import Plain, Record, package_versions, timestamp

if TYPE_CHECKING:
    from archspec.export import Equality
    from archspec.measures._build import Build

COSTS = (
    "params", "params_total", "gmacs", "gflops", "peak_memory_mb", "memory_access_mb", "tflite_mb",
    "tflite_float16_mb", "tflite_int8_mb", "file_mb",
)  # fmt: skip
WRITTEN = "written_mb"
"""The size of the written file with labels and spec text, MB: only a build knows it. Also only known of a build:
`logits_relative_error`, `logits_snr_db` and `label_agreement`, how near the file is to the Keras model."""


def build_records(build: Build) -> tuple[Record, ...]:
    """Everything that was worked out so far, cost first; what was not asked for is left out."""
    network, exported, options = build.network, build.exported, build.options
    time = timestamp()
    how: dict[str, Plain] = {
        **build.case.network_conditions,
        **package_versions(),
        "precision": exported.precision,
        "shuffle": exported.shuffle,
        "input_dtype": exported.input_dtype,
        "via": options.via,
        "seed": options.seed,
        "weights": network.describe_weights(options.seed),
        "weights_digest": None if network.imported is None else network.imported.digest,
        "calibration": str(options.representative or "synthetic") if exported.precision == "int8" else None,
        "notes": "; ".join(exported.notes),
    }

    def row(metric: str, value: Plain, unit: str, conditions: dict[str, Plain]) -> Record:
        return Record(network.hash, metric, value, unit, network.name, network.text, {**how, **conditions}, time=time)

    rows = [taken_record(measure_named(name), build.case) for name in COSTS]
    rows.append(row(WRITTEN, exported.size_bytes / 1e6, "MB", {}))
    rows += [] if build.timed is None else build.timed.records.values()
    if build.agreement is not None:
        for weights, equality in (
            ("as written", build.agreement.file),
            ("trained statistics", build.agreement.trained_statistics),
        ):
            conditions: dict[str, Plain] = {"weights": weights, "images": equality.images, "against": "Keras, logits"}
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
