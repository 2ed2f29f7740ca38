"""The numbers of a network that its graph alone tells, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archspec.cost import CostSheet


@dataclass(frozen=True, slots=True)
class Price:
    """One number: its heading, unit and digits for people, and how it is read off a cost sheet."""

    heading: str
    unit: str
    digits: int
    of: Callable[[CostSheet], float]


PRICES = {
    "gflops": Price("GFLOPs", "2 × GMACs", 3, lambda sheet: sheet.gflops),
    "params": Price("parameters", "", 0, lambda sheet: sheet.params),
    "tflite_mb": Price(".tflite float32", "MB", 2, lambda sheet: sheet.tflite_bytes["float32"] / 1e6),
    "int8_mb": Price(".tflite int8", "MB", 2, lambda sheet: sheet.tflite_bytes["int8"] / 1e6),
    "peak_memory_mb": Price("peak memory", "MB", 2, lambda sheet: sheet.peak_memory_bytes / 1e6),
    "memory_access_mb": Price("memory access", "MB", 1, lambda sheet: sheet.memory_access_bytes / 1e6),
    "receptive_field": Price("receptive field", "px", 0, lambda sheet: min(sheet.receptive_field)),
}
USUAL = ("gflops", "params", "tflite_mb", "peak_memory_mb")
