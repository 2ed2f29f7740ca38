"""Latency predicted from a table of the device's operators, ms"""

from __future__ import annotations

from archspec.evaluate.ladder.contract import Settings
from archspec.evaluate.measures._device import predictor_of, table_digest
from archspec.evaluate.subject import Reading, Subject
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "ms", "less", "predicted", 0.005


def check(settings: Settings) -> None:
    """Raises `UserError` for a device that was never calibrated."""
    predictor_of(settings)


def conditions(subject: Subject) -> dict[str, Plain]:
    """What the table holds for, and which table it is: a new calibration predicts anew."""
    from dataclasses import asdict

    settings = subject.settings
    table = predictor_of(settings).table
    known: dict[str, Plain] = asdict(table.conditions)
    return {**known, **subject.network_conditions, "table": table_digest(table)}


def measure(subject: Subject) -> Reading:
    """Raises `Problem` for an operator of which the table has no entry at all, `UserError` without a table."""
    prediction = predictor_of(subject.settings).predict(subject.graph)
    return Reading(prediction.latency_ms, {"interpolated": prediction.interpolated})
