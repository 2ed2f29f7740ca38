"""Variance of the latency of one image on the device, ms²"""

from __future__ import annotations

from archspec.measures._latency import SECONDS, check_device, latency_conditions, read
from archspec.measures._subject import Reading, Subject

UNIT, BETTER, RUNG = "ms²", "less", "host"

__all__ = ["BETTER", "RUNG", "SECONDS", "UNIT", "check", "conditions", "measure"]
check, conditions = check_device, latency_conditions


def measure(subject: Subject) -> Reading:
    """Measured on the settings' device. Raises `UserError` for a network that it cannot run."""
    return read(subject, lambda latency: latency.wall.variance)
