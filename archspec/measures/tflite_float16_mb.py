"""Size of the .tflite with weights in 16 bits, 10^6 bytes"""

from __future__ import annotations

from archspec.measures._subject import Subject

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.003


def measure(subject: Subject) -> float:
    """From the cost sheet, exact."""
    return subject.sheet.tflite_bytes["float16"] / 1e6
