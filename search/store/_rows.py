"""The two tables of a trial store, and their rows as trials.

Times are seconds since 1970; JSON is text. `changed` and `clocks` count the study's clock, which each transition moves.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from typing import Any, get_args

from archspec.errors import Problem
from archspec.search.trials import State, Trial

_STUDIES = """
CREATE TABLE IF NOT EXISTS archspec_studies (
    id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL UNIQUE, definition TEXT NOT NULL, seed INTEGER NOT NULL,
    created_at FLOAT NOT NULL, clock INTEGER NOT NULL, repeated INTEGER NOT NULL, folded INTEGER NOT NULL
)"""
_TRIALS = """
CREATE TABLE IF NOT EXISTS archspec_trials (
    id INTEGER PRIMARY KEY, study_id INTEGER NOT NULL REFERENCES archspec_studies (id), number INTEGER NOT NULL,
    candidate VARCHAR(200) NOT NULL, genome TEXT NOT NULL, state VARCHAR(16) NOT NULL, measured TEXT NOT NULL,
    metric VARCHAR(200) NOT NULL, reason TEXT NOT NULL, spec TEXT NOT NULL, worker VARCHAR(200) NOT NULL,
    lease_until FLOAT NOT NULL, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, started_at FLOAT NOT NULL,
    finished_at FLOAT NOT NULL, changed INTEGER NOT NULL,
    UNIQUE (study_id, candidate), UNIQUE (study_id, number)
)"""
_LATER = {"rung": "INTEGER", "rungs": "TEXT", "steps": "INTEGER", "seconds": "FLOAT", "clocks": "TEXT"}
_FORMER = {"worker": "", "lease_until": 0.0}  # who held a trial when a study had several drivers


def make_tables(connection: sqlite3.Connection) -> None:
    """Both tables; those of an earlier version get the columns that they lack, and what is in them stays."""
    connection.execute(_STUDIES)
    connection.execute(_TRIALS)
    there = {row["name"] for row in connection.execute("PRAGMA table_info(archspec_trials)")}
    for name, kind in _LATER.items():
        if name not in there:
            connection.execute(f"ALTER TABLE archspec_trials ADD COLUMN {name} {kind}")


def trial_of(row: Mapping[str, Any]) -> Trial:
    """A trial from a row of `archspec_trials`, of any version. Raises `Problem` for a row that holds anything else."""
    try:
        genome, values, state = _mapping(row["genome"]), _mapping(row["measured"]), row["state"]
        if state not in get_args(State):
            raise ValueError(f"the state {state!r}")  # noqa: TRY301 (said below)
        return Trial(
            number=int(row["number"]), key=str(row["candidate"]), genome=genome, state=state, values=_numbers(values),
            metric=row["metric"], reason=row["reason"], spec=row["spec"],
            attempt=int(row["attempt"]), crashes=int(row["crashes"]),
            started_at=float(row["started_at"]), finished_at=float(row["finished_at"]),
            rung=int(row.get("rung") or 0), rungs=tuple(map(_numbers, _list(row.get("rungs")))),
            steps=int(row.get("steps") or 0), seconds=float(row.get("seconds") or 0.0),
            clocks=tuple(map(int, _list(row.get("clocks")))),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        fact = f"the row of trial {row.get('number')} is damaged ({error})"
        raise Problem(fact, "Put a copy of before in its place, or search in another folder") from error


def _mapping(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{text[:40]!r} instead of an object")
    return found


def _list(text: str | None) -> list[Any]:
    found = json.loads(text) if text else []
    if not isinstance(found, list):
        raise TypeError(f"{(text or '')[:40]!r} instead of a list")
    return found


def _numbers(values: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in values.items()}


def row_of(trial: Trial) -> dict[str, Any]:
    """The columns that a trial fills."""
    return _FORMER | {
        "number": trial.number, "candidate": trial.key, "genome": json.dumps(dict(trial.genome)),
        "state": trial.state, "measured": json.dumps(_plain(trial.values)), "metric": trial.metric,
        "reason": trial.reason, "spec": trial.spec, "attempt": trial.attempt, "crashes": trial.crashes,
        "started_at": trial.started_at, "finished_at": trial.finished_at, "rung": trial.rung,
        "rungs": json.dumps([_plain(values) for values in trial.rungs]), "steps": trial.steps,
        "seconds": trial.seconds, "clocks": json.dumps(trial.clocks),
    }  # fmt: skip


def _plain(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """JSON has no NaN: a number that could not be had is null."""
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}
