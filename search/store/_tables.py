"""The two tables of a trial store. Times are seconds since 1970 by the database's clock; JSON is text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

KEY_LENGTH = 200


@dataclass(frozen=True)
class Tables:
    """`studies`: one row a study. `trials`: one row a candidate; `changed` is the study's clock at its last change."""

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
        UniqueConstraint("study_id", "candidate", name="archspec_trials_candidate"),
        UniqueConstraint("study_id", "number", name="archspec_trials_number"),
        Index("archspec_trials_state", "study_id", "state"),
        Index("archspec_trials_changed", "study_id", "changed"),
    )  # fmt: skip
    return Tables(metadata, studies, trials)
