"""Size of the .tflite with weights in 16 bits, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._case import Case

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.tflite_bytes["float16"] / 1e6
