"""Size of the int8 .tflite, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._case import Case
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def conditions(case: Case) -> dict[str, Plain]:
    """How it is quantised, where that is not the usual way."""
    return {**case.network_conditions, **case.conditions_at("int8")}


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.tflite_bytes["int8"] / 1e6
