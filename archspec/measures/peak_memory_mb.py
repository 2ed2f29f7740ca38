"""Memory that the float32 .tflite needs at batch 1 beside its weights, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._case import Case
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def conditions(case: Case) -> dict[str, Plain]:
    """What is counted: records from before scratch outside the arena was counted are not taken for these."""
    return {**case.network_conditions, "counted": "arena and scratch"}


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.peak_memory_bytes / 1e6
