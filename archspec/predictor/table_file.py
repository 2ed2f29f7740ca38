"""A latency table as a JSON file: one object, one line an operator, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from archspec.errors import Place, user_error
from archspec.files import exists, expanded, read_bytes
from archspec.predictor.signature import Signature
from archspec.predictor.table import Conditions, Correction, LatencyTable, OperatorTime, Score
from archspec.record import write_text

FORMAT = "archspec-latency-table"
VERSION = 1
REMEDY = "Name a table that archspec wrote, or calibrate anew"
T = TypeVar("T")


def table_path(conditions: Conditions, folder: str | os.PathLike[str] | None = None) -> Path:
    """Where the table of a device is kept: in `folder`, else in the user's cache (XDG_CACHE_HOME or ~/.cache)."""
    cache = os.environ.get("XDG_CACHE_HOME") or expanded("~/.cache")
    root = Path(cache) / "archspec" / "latency" if folder is None else Path(folder)
    parts = (
        conditions.device,
        conditions.fingerprint,
        conditions.runtime,
        conditions.version,
        f"{conditions.threads}-threads",
        conditions.precision,
    )
    name = "-".join("".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in one) for one in parts)
    return root / f"{name}.json"


def write_table(path: str | os.PathLike[str], table: LatencyTable) -> None:
    """Write `table`, the same bytes for the same table, atomically. Raises `UserError` when it cannot be written."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "conditions": asdict(table.conditions),
        "reference_ms": table.reference_ms,
        "correction": None if table.correction is None else asdict(table.correction),
        "score": None if table.score is None else asdict(table.score),
    }
    entries = [json.dumps([*time, *key.to_json()], allow_nan=False) for key, time in table.entries.items()]
    opening = json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
    write_text(path, opening + ',\n "entries": [\n' + ",\n".join(sorted(entries)) + "\n]}\n")


def read_table(path: str | os.PathLike[str]) -> LatencyTable:
    """The table of a file that `write_table` wrote. Raises `UserError` when it is not one."""
    place = Place(os.fspath(path))
    document = _parse(path, place)
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        raise user_error(f"not a latency table of version {VERSION}", REMEDY, place=place)
    try:
        return LatencyTable(
            Conditions(**document["conditions"]),
            _time(document["reference_ms"]),
            dict(_entry(row) for row in document["entries"]),
            _optional(Correction, document["correction"]),
            _optional(Score, document["score"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise user_error(f"a damaged latency table ({error})", REMEDY, place=place) from error


def _parse(path: str | os.PathLike[str], place: Place) -> Mapping[str, Any]:
    try:
        document = json.loads(read_bytes(path, remedy="Calibrate first").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise user_error("not JSON", REMEDY, place=place) from error
    if not isinstance(document, dict):
        raise user_error("not a latency table", REMEDY, place=place)
    return document


def _entry(row: Any) -> tuple[Signature, OperatorTime]:
    cold, warm, *signature = row
    return Signature.from_json(signature), OperatorTime(_time(cold), _time(warm))


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{value!r} is no time in ms")
    return float(value)


def _optional(kind: Callable[..., T], row: Any) -> T | None:
    return None if row is None else kind(**row)


def read_or_none(path: str | os.PathLike[str]) -> LatencyTable | None:
    """The table of a file, or None where there is no such file. Raises `UserError` for a file that is no table."""
    return read_table(path) if exists(path) else None
