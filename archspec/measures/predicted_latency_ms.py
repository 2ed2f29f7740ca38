"""Latency predicted from a table of the device's operators, ms"""

from __future__ import annotations

from archspec.errors import Problem, user_error
from archspec.measures._case import Case, Measurement
from archspec.measures._device import predictor_of, table_digest
from archspec.measures._settings import Settings
from archspec.record import Plain

UNIT, BETTER, RUNG, SECONDS = "ms", "less", "predicted", 0.005


def check(settings: Settings) -> None:
    """Raises `UserError` for a device that was never calibrated, and for a precision that no table holds."""
    predictor = predictor_of(settings)
    held = predictor.table.conditions.precision
    if settings.precision != held:
        raise user_error(*_other_precision(settings.precision, held))


def conditions(case: Case) -> dict[str, Plain]:
    """What the table holds for, and which table it is: a new calibration predicts anew."""
    from dataclasses import asdict

    settings = case.settings
    table = predictor_of(settings).table
    known: dict[str, Plain] = asdict(table.conditions)
    known["precision"] = settings.precision  # one that the table does not hold is not found in a ledger as if it were
    return {**known, **case.file_conditions, "table": table_digest(table)}


def measure(case: Case) -> Measurement:
    """With how accurate the table is. Raises `Problem` for a precision or an operator that the table does not hold,
    `UserError` without a table."""
    from dataclasses import asdict

    predictor = predictor_of(case.settings)
    held = predictor.table.conditions.precision
    if case.settings.precision != held:
        raise Problem(*_other_precision(case.settings.precision, held))
    prediction = predictor.predict(case.network.graph)
    accuracy = {} if prediction.accuracy is None else asdict(prediction.accuracy)
    about = {f"table_{name}": value for name, value in accuracy.items()}
    about |= {"interpolated": prediction.interpolated, "extrapolated": prediction.extrapolated}
    about |= {"expected_error": prediction.expected_error, "entries": len(predictor.table.entries)}
    return Measurement(prediction.latency_ms, about)


def _other_precision(asked: str, held: str) -> tuple[str, str]:
    fact = f"no latency is predicted in {asked}: the device's table holds {held}"
    return fact, f"Calibrate that too (archspec latency --calibrate --precision {asked}), or ask for latency_ms"
