"""One measured or computed number with its conditions, and many of them in a JSON file: one line for each record."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import read_bytes
from archspec.record.replacement import write_text

Plain = str | int | float | bool | None
"""What a record may hold: no arrays, no NumPy scalars, no NaN."""

_REQUIRED = ("hash", "metric", "value")


def timestamp() -> str:
    """The time now in UTC, to the second: `2024-05-01T12:00:00Z`."""
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Record:
    """One flat row. What is measured: `hash` (canonical hash of the network, or of a file), `name`, `spec` (its text).

    `conditions` are what the number depends on (input size, batch, threads, runtime and version, device fingerprint,
    seed, package versions); `circumstances` are what was noticed while measuring (load average, noise); `samples` are
    the raw runs behind `value`, in its unit. All are copied, kept in order of their names, and cannot be changed.
    """

    hash: str
    metric: str
    value: Plain
    unit: str = ""
    name: str = ""
    spec: str = ""
    conditions: Mapping[str, Plain] = field(default_factory=dict)
    circumstances: Mapping[str, Plain] = field(default_factory=dict)
    samples: tuple[float, ...] = ()
    time: str = ""

    def __post_init__(self) -> None:
        for text in ("hash", "metric", "unit", "name", "spec", "time"):
            if not isinstance(getattr(self, text), str):
                raise TypeError(f"{text} of a record must be text ({getattr(self, text)!r})")
        put = object.__setattr__
        put(self, "value", plain(self.value, "value"))
        put(self, "conditions", _plain_mapping(self.conditions, "conditions"))
        put(self, "circumstances", _plain_mapping(self.circumstances, "circumstances"))
        put(self, "samples", tuple(_number(sample) for sample in self.samples))

    @property
    def key(self) -> str:
        """What this is a number of: 32 hex digits over hash, metric and conditions; not the value, names or time.

        Equal keys mean that the number need not be measured again.
        """
        conditions = {name: _same_number(value) for name, value in self.conditions.items()}
        content = json.dumps([self.hash, self.metric, conditions], ensure_ascii=True)  # conditions are in order
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars, ready for `json.dumps`; `Record.from_json` gives an equal record."""
        row: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        row["conditions"] = dict(self.conditions)
        row["circumstances"] = dict(self.circumstances)
        row["samples"] = list(self.samples)
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Record:
        """The record of `to_json`. Raises `ValueError` or `TypeError` that says what is wrong."""
        known = [item.name for item in fields(cls)]
        missing = [name for name in _REQUIRED if name not in row]
        unknown = [name for name in row if name not in known]
        if missing or unknown:
            faults = [f"no '{name}'" for name in missing] + [f"unknown '{name}'" for name in unknown]
            raise ValueError(", ".join(faults))
        if not isinstance(row.get("samples", []), list | tuple):
            raise TypeError(f"samples must be a list ({row['samples']!r})")
        return cls(**row)

    def __hash__(self) -> int:
        return hash((self.hash, self.metric, self.time))

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping cannot be pickled, and records cross processes
        return (Record.from_json, (self.to_json(),))


def plain(value: object, what: str) -> Plain:
    """`value` as a plain scalar. Raises `TypeError` for anything else, and `ValueError` for NaN and infinity."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(value, what)
    raise TypeError(f"{what} of a record must be text, a number, true, false or nothing ({value!r})")


def _number(value: object, what: str = "a sample") -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} of a record must be a number ({value!r})")
    if not math.isfinite(value):
        raise ValueError(f"{what} of a record must be finite ({value!r}); a number that could not be had is None")
    return float(value)


def _plain_mapping(mapping: object, what: str) -> Mapping[str, Plain]:
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{what} of a record must be a mapping ({mapping!r})")
    for name in mapping:
        if not isinstance(name, str):
            raise TypeError(f"{what} of a record must have names for keys ({name!r})")
    return MappingProxyType({name: plain(mapping[name], f"{what}: {name}") for name in sorted(mapping)})


def _same_number(value: Plain) -> Plain:
    """1.0 and 1 are the same condition."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


FORMAT = "archspec-records"
VERSION = 1
_REMEDY = "Name a file that archspec wrote"


def write_records(
    path: str | os.PathLike[str], records: Iterable[Record], digests: Mapping[str, str] | None = None, command: str = ""
) -> None:
    """Write all records to `path`, atomically and byte for byte the same for the same records. Raises `UserError`.

    `digests` are of the files that belong to them: SHA-256 by name. `command` is what measured them.
    """
    write_text(path, records_text(records, digests, command))


def records_text(records: Iterable[Record], digests: Mapping[str, str] | None = None, command: str = "") -> str:
    """What `write_records` writes."""
    lines = [json.dumps(record.to_json(), ensure_ascii=True, allow_nan=False) for record in records]
    body = ",\n".join(lines)
    files = f'"files": {json.dumps(dict(digests))}, ' if digests else ""
    files += f'"command": {json.dumps(command)}, ' if command else ""
    return f'{{"format": "{FORMAT}", "version": {VERSION}, {files}"records": [\n{body}\n]}}\n'


def read_digests(path: str | os.PathLike[str]) -> dict[str, str]:
    """The SHA-256 of the files that belong to a file of records, by name. Raises `UserError` as `read_records`."""
    document = _parse_json(path, Place(os.fspath(path)))
    files = document.get("files") if isinstance(document, dict) else None
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}


def read_command(path: str | os.PathLike[str]) -> str:
    """What measured the records of a file; nothing where it does not say. Raises `UserError` as `read_records`."""
    document = _parse_json(path, Place(os.fspath(path)))
    return str(document.get("command", "")) if isinstance(document, dict) else ""


def read_records(path: str | os.PathLike[str]) -> tuple[Record, ...]:
    """The records of a file that `write_records` wrote. Raises `UserError` with all its faults when it is not one."""
    place = Place(os.fspath(path))
    rows = _rows_of(_parse_json(path, place), place)
    records: list[Record] = []
    faults: list[Fault] = []
    for index, row in enumerate(rows):
        try:
            records.append(_record_of(row))
        except (TypeError, ValueError) as error:
            faults.append(Fault(f"not a record ({error})", path=f"records[{index}]", place=place))
    if faults:
        raise UserError(faults)
    return tuple(records)


def _parse_json(path: str | os.PathLike[str], place: Place) -> object:
    try:
        return json.loads(read_bytes(path).decode("utf-8"))
    except json.JSONDecodeError as error:
        where = Place(place.file, error.lineno, error.colno)
        raise user_error(f"not JSON ({error.msg})", "Was it cut short or edited?", place=where) from error
    except RecursionError as error:
        raise user_error("not a file of records (nested too deeply)", _REMEDY, place=place) from error
    except ValueError as error:  # bytes that are not UTF-8, or an integer of more digits than Python takes
        raise user_error("not JSON (it is not text)", _REMEDY, place=place) from error


def _rows_of(document: object, place: Place) -> list[Any]:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise user_error(f'not a file of records (no "format": "{FORMAT}")', _REMEDY, place=place)
    if document.get("version") != VERSION:
        found = document.get("version")
        raise user_error(f"records of version {found!r}, this archspec reads {VERSION}", "Update archspec", place=place)
    rows = document.get("records")
    if not isinstance(rows, list):
        raise user_error("not a file of records ('records' is not a list)", path="records", place=place)
    return rows


def _record_of(row: object) -> Record:
    if not isinstance(row, dict):
        raise TypeError(f"{type(row).__name__} instead of an object")
    return Record.from_json(row)
