"""Latency by that of the fixed reference network, measured in turns: steady where milliseconds drift"""

from __future__ import annotations

from archspec.measures._latency import SECONDS, check_device, latency_conditions, read
from archspec.measures._subject import Reading, Subject

UNIT, BETTER, RUNG = "", "less", "host"

__all__ = ["BETTER", "RUNG", "SECONDS", "UNIT", "check", "conditions", "measure"]
check, conditions = check_device, latency_conditions


def measure(subject: Subject) -> Reading:
    """Measured on the settings' device. Raises `UserError` for a network that it cannot run."""
    return read(subject, lambda latency: latency.paired_ratio)
