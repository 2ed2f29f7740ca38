"""Rows of the store to trials and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from archspec.search.trials import Trial


def trial_of(row: Mapping[str, Any]) -> Trial:
    """A trial from a row of `archspec_trials`."""
    return Trial(
        number=row["number"], key=row["candidate"], genome=json.loads(row["genome"]), state=row["state"],
        values=json.loads(row["measured"]), metric=row["metric"], reason=row["reason"], spec=row["spec"],
        worker=row["worker"], attempt=row["attempt"], crashes=row["crashes"],
        started_at=row["started_at"], finished_at=row["finished_at"],
    )  # fmt: skip


def row_of(trial: Trial) -> dict[str, Any]:
    """The columns that a trial fills."""
    return {
        "number": trial.number, "candidate": trial.key, "genome": json.dumps(dict(trial.genome)),
        "state": trial.state, "measured": values_text(trial.values), "metric": trial.metric,
        "reason": trial.reason, "spec": trial.spec, "worker": trial.worker, "attempt": trial.attempt,
        "crashes": trial.crashes, "started_at": trial.started_at, "finished_at": trial.finished_at,
    }  # fmt: skip


def values_text(values: Mapping[str, float | None]) -> str:
    """JSON has no NaN: a number that could not be had is null."""
    return json.dumps({name: _finite(value) for name, value in values.items()})


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
