"""The tables, all named `archspec_…`: they may share a database with a study of Optuna's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

VERSION = "1"
LONGEST = 250
"""Characters of what is searched by; the whole of it is in `body`."""


@dataclass(frozen=True)
class Tables:
    """`records` has a row a record, `specs` each spec's text once, `about` the version."""

    everything: MetaData
    records: Table
    specs: Table
    about: Table


@cache
def tables() -> Tables:
    """The tables as SQLAlchemy knows them."""
    from sqlalchemy import Column, Double, Index, MetaData, String, Table, Text
    from sqlalchemy.dialects.mysql import LONGTEXT

    everything = MetaData()
    long = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
    records = Table(
        "archspec_records",
        everything,
        Column("key", String(32), primary_key=True),
        Column("hash", String(LONGEST), nullable=False),
        Column("metric", String(LONGEST), nullable=False),
        Column("name", String(LONGEST), nullable=False),
        Column("time", String(LONGEST), nullable=False),
        Column("number", Double),  # the value again where it is a number, for whoever asks in SQL
        Column("spec", String(64), nullable=False),  # the digest of the spec's text, '' for none
        Column("body", long, nullable=False),  # the record as ASCII JSON, without its spec
        Index("archspec_records_by_hash", "hash", "metric"),
        Index("archspec_records_by_metric", "metric", "time"),
        Index("archspec_records_by_name", "name", "metric"),
        Index("archspec_records_by_time", "time", "key"),
    )
    specs = Table(
        "archspec_specs",
        everything,
        Column("digest", String(64), primary_key=True),
        Column("text", long, nullable=False),  # as a JSON string: not every database takes every character
    )
    about = Table(
        "archspec_about",
        everything,
        Column("name", String(64), primary_key=True),
        Column("value", String(LONGEST), nullable=False),
    )
    return Tables(everything, records, specs, about)
