"""Size of the .tflite in the settings' precision, MB"""

from __future__ import annotations

from archspec.measures._subject import Subject
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "MB", "less", "cost", 0.002


def conditions(subject: Subject) -> dict[str, Plain]:
    """The precision."""
    return {**subject.network_conditions, "precision": subject.settings.precision}


def measure(subject: Subject) -> float:
    """Predicted to the byte, without labels and spec text in its metadata; 1 MB is 10⁶ bytes."""
    return subject.sheet.tflite_bytes[subject.settings.precision] / 1e6
