"""What the operators of the float32 .tflite read and write, weights included, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._case import Case

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.memory_access_bytes / 1e6
