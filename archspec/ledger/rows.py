"""Records to rows and back. Whatever a record holds comes back the same from every database."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from archspec.ledger.schema import LONGEST
from archspec.record import Record

Row = dict[str, Any]
encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
"""As rows hold it: ASCII JSON without spaces."""
_LARGEST = 2.0**1000


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
