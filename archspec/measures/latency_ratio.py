"""Latency by that of the fixed reference network, measured in turns: steady where milliseconds drift"""

from __future__ import annotations

from archspec.measures._case import Case, Reading
from archspec.measures._latency import SECONDS, check_device, latency_conditions, read

UNIT, BETTER, RUNG = "", "less", "host"

__all__ = ["BETTER", "RUNG", "SECONDS", "UNIT", "check", "conditions", "measure"]
check, conditions = check_device, latency_conditions


def measure(case: Case) -> Reading:
    """Measured on the settings' device. Raises `UserError` for a network that it cannot run."""
    return read(case, lambda latency: latency.paired_ratio)
