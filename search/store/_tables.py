"""The two tables of a trial store, and their rows as trials.

Times are seconds since 1970 by the database's clock; JSON is text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from archspec.errors import Problem
from archspec.search.trials import State, Trial

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table


KEY_LENGTH = 200


@dataclass(frozen=True)
class Tables:
    """`studies` has one row for each study, `trials` one for each candidate; `changed` is the study's clock then."""

    metadata: MetaData
    studies: Table
    trials: Table


@cache
def tables() -> Tables:
    """Their description; made once a process."""
    from sqlalchemy import (
        Column,
        Float,
        ForeignKey,
        Index,
        Integer,
        MetaData,
        String,
        Table,
        Text,
        UniqueConstraint,
    )
    from sqlalchemy.dialects import mysql

    text = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    time = Float(53)  # MySQL's FLOAT would keep seven digits
    metadata = MetaData()
    studies = Table(
        "archspec_studies", metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(KEY_LENGTH), nullable=False, unique=True),
        Column("definition", text, nullable=False),
        Column("seed", Integer, nullable=False),
        Column("created_at", time, nullable=False),
        Column("clock", Integer, nullable=False, default=0),
        Column("repeated", Integer, nullable=False, default=0),
        Column("folded", Integer, nullable=False, default=0),
    )  # fmt: skip
    trials = Table(
        "archspec_trials", metadata,
        Column("id", Integer, primary_key=True),
        Column("study_id", ForeignKey("archspec_studies.id"), nullable=False),
        Column("number", Integer, nullable=False),
        Column("candidate", String(KEY_LENGTH), nullable=False),  # `key` is a reserved word
        Column("genome", text, nullable=False),
        Column("state", String(16), nullable=False),
        Column("measured", text, nullable=False),  # so is `values`
        Column("metric", String(KEY_LENGTH), nullable=False),
        Column("reason", text, nullable=False),
        Column("spec", text, nullable=False),
        Column("worker", String(KEY_LENGTH), nullable=False),
        Column("lease_until", time, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("crashes", Integer, nullable=False),
        Column("started_at", time, nullable=False),
        Column("finished_at", time, nullable=False),
        Column("changed", Integer, nullable=False),
        Column("rung", Integer),  # these are empty in the stores of before
        Column("rungs", text),
        Column("steps", Integer),
        Column("seconds", time),
        Column("clocks", text),
        UniqueConstraint("study_id", "candidate", name="archspec_trials_candidate"),
        UniqueConstraint("study_id", "number", name="archspec_trials_number"),
        Index("archspec_trials_state", "study_id", "state"),
        Index("archspec_trials_changed", "study_id", "changed"),
    )  # fmt: skip
    return Tables(metadata, studies, trials)


def add_missing_columns(connection: Connection) -> None:
    """Give tables that an earlier version made the columns they lack; what is in them stays."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.schema import CreateColumn

    trials = tables().trials
    there = {column["name"] for column in inspect(connection).get_columns(trials.name)}
    for column in trials.columns:
        if column.name in there:
            continue
        added = CreateColumn(column).compile(dialect=connection.dialect)
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"ALTER TABLE {trials.name} ADD COLUMN {added}")
        except DBAPIError as error:
            if not any(word in str(error).lower() for word in ("duplicate column", "already exists")):
                raise  # else another process added it at the same moment


def trial_of(row: Mapping[str, Any]) -> Trial:
    """A trial from a row of `archspec_trials`. Raises `Problem` for a row that holds anything else."""
    try:
        genome, values, state = _mapping(row["genome"]), _mapping(row["measured"]), row["state"]
        if state not in get_args(State):
            raise ValueError(f"the state {state!r}")  # noqa: TRY301 (said below)
        return Trial(
            number=int(row["number"]), key=str(row["candidate"]), genome=genome, state=state, values=_numbers(values),
            metric=row["metric"], reason=row["reason"], spec=row["spec"], worker=row["worker"],
            attempt=int(row["attempt"]), crashes=int(row["crashes"]),
            started_at=float(row["started_at"]), finished_at=float(row["finished_at"]),
            rung=int(row["rung"] or 0), rungs=_rungs(row["rungs"]), steps=int(row["steps"] or 0),
            seconds=float(row["seconds"] or 0.0), clocks=clocks_of(row["clocks"]),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        fact = f"the row of trial {row.get('number')} is damaged ({error})"
        raise Problem(fact, "Put a copy of before in its place, or search in another folder") from error


def _mapping(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{text[:40]!r} instead of an object")
    return found


def _numbers(values: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in values.items()}


def _rungs(text: str | None) -> tuple[dict[str, float | None], ...]:
    found = json.loads(text) if text else []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(f"{(text or '')[:40]!r} instead of a list of objects")
    return tuple(map(_numbers, found))


def clocks_of(text: str | None) -> tuple[int, ...]:
    """The clocks of a row; none where nothing of the trial is finished."""
    found = json.loads(text) if text else []
    if not isinstance(found, list):
        raise TypeError(f"{(text or '')[:40]!r} instead of a list")
    return tuple(map(int, found))


def row_of(trial: Trial) -> dict[str, Any]:
    """The columns that a trial fills; `seconds` and `clocks` are the store's."""
    return {
        "number": trial.number, "candidate": trial.key, "genome": json.dumps(dict(trial.genome)),
        "state": trial.state, "measured": values_text(trial.values), "metric": trial.metric,
        "reason": trial.reason, "spec": trial.spec, "worker": trial.worker, "attempt": trial.attempt,
        "crashes": trial.crashes, "started_at": trial.started_at, "finished_at": trial.finished_at,
        "rung": trial.rung, "rungs": rungs_text(trial.rungs), "steps": trial.steps,
    }  # fmt: skip


def values_text(values: Mapping[str, float | None]) -> str:
    """JSON has no NaN: a number that could not be had is null."""
    return json.dumps(_plain(values))


def rungs_text(rungs: tuple[Mapping[str, float | None], ...]) -> str | None:
    """Nothing for a trial without any."""
    return json.dumps([_plain(values) for values in rungs]) if rungs else None


def _plain(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
