"""Size of the .tflite in the settings' precision, MB"""

from __future__ import annotations

from archspec.measures._case import Case
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.002


def conditions(case: Case) -> dict[str, Plain]:
    """The precision."""
    return {**case.file_conditions, "precision": case.settings.precision}


def measure(case: Case) -> float:
    """Predicted to the byte, without labels and spec text in its metadata; 1 MB is 10⁶ bytes."""
    return case.network.cost.tflite_bytes[case.settings.precision] / 1e6
