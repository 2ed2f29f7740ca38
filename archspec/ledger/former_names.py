"""Records of earlier versions under today's names, units and conditions.

A build, a training and a search once had names and conditions of their own for numbers that are now one measure each.
What cannot be translated stays as it is.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from archspec.record import Plain, Record, read_records

REFERENCE = "reference: shufflenetv2_basic, 224 x 224, output stride 16, float32"
"""What builds and searches were always timed beside; only the ratio's record said so."""
SIZES = {"float32": "tflite_mb", "float16": "tflite_float16_mb", "int8": "tflite_int8_mb"}
COSTS = {
    "params": ("params", 1, ""),
    "params_total": ("params_total", 1, ""),
    "macs": ("gmacs", 1e9, "10^9 multiply-adds"),
    "gflops": ("gflops", 1, "10^9 operations"),
    "peak_memory_bytes": ("peak_memory_mb", 1e6, "MB"),
    "memory_access_bytes": ("memory_access_mb", 1e6, "MB"),
}
LATENCIES = ("latency_ms", "fps", "paired_ratio", "first_ms", "init_ms", "cpu_ms", "latency_iqr_ms")
NETWORK = ("input_height", "input_width", "classes", "batch")
TIMED_UNDER = (
    "device", "device_fingerprint", "runtime", "runtime_version", "delegate", "threads", "warmup_s", "runs",
    "runs_per_round", "precision",
)  # fmt: skip
OF_TRAINING = ("images", "image_sizes", "mode", "recipe", "crop", "steps")  # these follow from the other conditions


def renamed(record: Record) -> Record:
    """The record as it would be written today; the same one where nothing about it changed."""
    if "together" in record.conditions:
        return _of_one_table(record)
    if record.metric in COSTS and "output_stride" in record.conditions:
        name, unit_size, unit = COSTS[record.metric]
        return _cost(record, name, unit_size, unit)
    if record.metric == "tflite_bytes_predicted":
        precision = str(record.conditions.get("precision"))
        found = _cost(record, SIZES.get(precision, "file_mb"), 1e6, "MB")
        of_precision: dict[str, Plain] = {} if precision in SIZES else {"precision": precision}
        return replace(found, conditions={**found.conditions, **of_precision})
    if record.metric == "tflite_bytes":
        return replace(record, metric="written_mb", value=_scaled(record.value, 1e6), unit="MB")
    if record.metric == "val_miou":
        return _training(record)
    if record.metric in LATENCIES and "via" in record.conditions:
        return _timed(record, _of_build(record))
    return record


def read_records_today(path: str | os.PathLike[str]) -> tuple[Record, ...]:
    """The records of a file, whichever version wrote it. Raises `UserError` as `read_records`."""
    return tuple(map(renamed, read_records(path)))


def _of_one_table(record: Record) -> Record:
    """Latencies that were only comparable within one table: of an ablation (`row`) or of a front (`place`)."""
    if record.metric == "latency_ratio":  # it was to the first row, which `latency_to_base` says
        return replace(record, metric="latency_to_base")
    if "place" not in record.conditions:
        return record
    size = re.match(r"1x(\d+)x(\d+)x", str(record.conditions.get("inputs", "")))
    classes = re.search(r"^classes: (\d+)$", record.spec, re.MULTILINE)
    if size is None or classes is None or record.metric not in LATENCIES:
        return record
    network = (int(size[1]), int(size[2]), int(classes[1]), 1)
    return _timed(record, {**dict(zip(NETWORK, network, strict=True)), "weights": "fresh"})


def _of_build(record: Record) -> dict[str, Plain]:
    """The network's conditions, its weights, and what was not the usual way of exporting it."""
    known = record.conditions
    found: dict[str, Plain] = {name: known[name] for name in NETWORK if name in known}
    found["weights"] = known.get("weights_digest") or "fresh"
    usual = {"shuffle": "follow", "via": "direct", "input_dtype": "float32", "calibration": "synthetic"}
    return found | {name: known[name] for name, value in usual.items() if known.get(name) not in (value, None)}


def _timed(record: Record, own: dict[str, Plain]) -> Record:
    under = {
        name: value for name, value in record.conditions.items() if name in TIMED_UNDER or name.startswith("version_")
    }
    name = "latency_ratio" if record.metric == "paired_ratio" else record.metric
    return replace(record, metric=name, conditions={**under, **own, "beside": REFERENCE})


def _cost(record: Record, name: str, unit_size: float, unit: str) -> Record:
    conditions = {condition: record.conditions[condition] for condition in NETWORK if condition in record.conditions}
    return replace(record, metric=name, value=_scaled(record.value, unit_size), unit=unit, conditions=conditions)


def _training(record: Record) -> Record:
    described = {name: value for name, value in record.conditions.items() if name in OF_TRAINING}
    conditions = {name: value for name, value in record.conditions.items() if name not in described}
    circumstances = {**described, **record.circumstances}
    return replace(record, metric="miou", conditions=conditions, circumstances=circumstances)


def _scaled(value: Plain, unit_size: float) -> Plain:
    if unit_size == 1 or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value / unit_size
