"""Size of the int8 .tflite, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._subject import Subject

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def measure(subject: Subject) -> float:
    """From the cost sheet, exact."""
    return subject.sheet.tflite_bytes["int8"] / 1e6
