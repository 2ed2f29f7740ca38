"""Median latency of one image on the device, ms"""

from __future__ import annotations

from archspec.measures._case import Case, Reading
from archspec.measures._latency import SECONDS, check_device, latency_conditions, read

UNIT, BETTER, RUNG = "ms", "less", "host"

__all__ = ["BETTER", "RUNG", "SECONDS", "UNIT", "check", "conditions", "measure"]
check, conditions = check_device, latency_conditions


def measure(case: Case) -> Reading:
    """Measured on the settings' device. Raises `UserError` for a network that it cannot run."""
    return read(case, lambda latency: latency.median_ms, samples=True)
