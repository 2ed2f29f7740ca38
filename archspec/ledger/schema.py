"""The tables of a ledger, and records as their rows: whatever a record holds comes back the same from every database.

All tables are named `archspec_…`: they may share a database with a study of Optuna's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from archspec.record import Record

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

VERSION, FORMER_VERSION = "2", "1"
LONGEST = 250
"""Characters of what is searched by; the whole of it is in `body`."""


@dataclass(frozen=True)
class Tables:
    """`records` has one row for each record, `specs` each spec's text once, `about` the version."""

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


Row = dict[str, Any]
encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
"""As rows hold it: ASCII JSON without spaces."""
_LARGEST = 2.0**1000


SQLITE_TABLES = (
    "CREATE TABLE IF NOT EXISTS archspec_specs (digest VARCHAR(64) NOT NULL, text TEXT NOT NULL, PRIMARY KEY (digest))",
    (
        "CREATE TABLE IF NOT EXISTS archspec_records (key VARCHAR(32) NOT NULL, hash VARCHAR(250) NOT NULL, "
        "metric VARCHAR(250) NOT NULL, name VARCHAR(250) NOT NULL, time VARCHAR(250) NOT NULL, number DOUBLE, "
        "spec VARCHAR(64) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (key))"
    ),
    "CREATE INDEX IF NOT EXISTS archspec_records_by_hash ON archspec_records (hash, metric)",
    "CREATE INDEX IF NOT EXISTS archspec_records_by_metric ON archspec_records (metric, time)",
    "CREATE INDEX IF NOT EXISTS archspec_records_by_name ON archspec_records (name, metric)",
    "CREATE INDEX IF NOT EXISTS archspec_records_by_time ON archspec_records (time, key)",
    (
        "CREATE TABLE IF NOT EXISTS archspec_about (name VARCHAR(64) NOT NULL, value VARCHAR(250) NOT NULL, "
        "PRIMARY KEY (name))"
    ),
)
"""The same tables for a file, where SQLAlchemy is not wanted."""


def row_of(record: Record) -> Row:
    """A row of `archspec_records`."""
    body = record.to_json()
    del body["spec"]
    return {
        "key": record.key,
        "hash": searchable(record.hash),
        "metric": searchable(record.metric),
        "name": searchable(record.name),
        "time": searchable(record.time),
        "number": _number(record.value),
        "spec": digest(record.spec),
        "body": encode(body),
    }


def spec_row(text: str) -> Row:
    """A row of `archspec_specs`."""
    return {"digest": digest(text), "text": encode(text)}


def record_of(body: str, spec: str) -> Record:
    """The record of a row's `body` and its spec. Raises `ValueError` or `TypeError` where it is damaged."""
    row = json.loads(body)
    row["spec"] = spec
    return Record.from_json(row)


def spec_of(text: str) -> str:
    """The spec of a row's `text`. Raises `ValueError` where it is damaged."""
    found = json.loads(text)
    if not isinstance(found, str):
        raise TypeError("a spec that is no text")
    return found


def digest(spec: str) -> str:
    """SHA-256 of a spec's text, '' of none."""
    return hashlib.sha256(spec.encode("utf-8", "surrogatepass")).hexdigest() if spec else ""


def searchable(text: str) -> str:
    """What a column can hold and an index can find: no NUL, no half of a character, not too long."""
    if text.isascii() and "\0" not in text:
        return text[:LONGEST]
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    return safe[:LONGEST]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None
