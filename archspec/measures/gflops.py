"""Operations of convolutions, 10^9: two a multiply-add"""

from __future__ import annotations

from archspec.measures._subject import Subject

UNIT, BETTER, RUNG, SECONDS = "10^9 operations", "less", "cost", 0.0


def measure(subject: Subject) -> float:
    """From the cost sheet, exact."""
    return subject.sheet.gflops
