"""Operations of convolutions, 10^9: two a multiply-add"""

from __future__ import annotations

from archspec.measures._case import Case

UNIT, BETTER, RUNG, SECONDS = "10^9 operations", "less", "cost", 0.0


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.gflops
