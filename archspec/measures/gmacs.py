"""Multiply-adds of convolutions, 10^9"""

from __future__ import annotations

from archspec.measures._case import Case

UNIT, BETTER, RUNG, SECONDS = "10^9 multiply-adds", "less", "cost", 0.0


def measure(case: Case) -> float:
    """From the cost sheet, exact."""
    return case.network.cost.gmacs
