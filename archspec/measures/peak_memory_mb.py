"""Memory that the float32 .tflite needs at batch 1 beside its weights, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._subject import Subject
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def conditions(subject: Subject) -> dict[str, Plain]:
    """What is counted: records from before scratch outside the arena was counted are not taken for these."""
    return {**subject.network_conditions, "counted": "arena and scratch"}


def measure(subject: Subject) -> float:
    """From the cost sheet, exact."""
    return subject.sheet.peak_memory_bytes / 1e6
