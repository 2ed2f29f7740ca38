"""Rows of the store to trials and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, get_args

from archspec.errors import Problem
from archspec.search.trials import State, Trial


def trial_of(row: Mapping[str, Any]) -> Trial:
    """A trial from a row of `archspec_trials`. Raises `Problem` for a row that holds anything else."""
    try:
        genome, values, state = _mapping(row["genome"]), _mapping(row["measured"]), row["state"]
        if state not in get_args(State):
            raise ValueError(f"the state {state!r}")  # noqa: TRY301 (said below)
        numbers = {name: None if value is None else float(value) for name, value in values.items()}
        return Trial(
            number=int(row["number"]), key=str(row["candidate"]), genome=genome, state=state, values=numbers,
            metric=row["metric"], reason=row["reason"], spec=row["spec"], worker=row["worker"],
            attempt=int(row["attempt"]), crashes=int(row["crashes"]),
            started_at=float(row["started_at"]), finished_at=float(row["finished_at"]),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        fact = f"the row of trial {row.get('number')} is damaged ({error})"
        raise Problem(fact, "Put a copy of before in its place, or search in another folder") from error


def _mapping(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{text[:40]!r} instead of an object")
    return found


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
