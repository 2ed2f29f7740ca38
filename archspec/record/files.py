"""Records in a JSON file: one object with its format and version, one line a record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import read_bytes
from archspec.record.atomic import write_text
from archspec.record.record import Record

FORMAT = "archspec-records"
VERSION = 1
_REMEDY = "Name a file that archspec wrote"


def write_records(
    path: str | os.PathLike[str],
    records: Iterable[Record],
    digests: Mapping[str, str] | None = None,
    command: str = "",
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
    document = _parse(path, Place(os.fspath(path)))
    files = document.get("files") if isinstance(document, dict) else None
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}


def read_command(path: str | os.PathLike[str]) -> str:
    """What measured the records of a file; nothing where it does not say. Raises `UserError` as `read_records`."""
    document = _parse(path, Place(os.fspath(path)))
    return str(document.get("command", "")) if isinstance(document, dict) else ""


def read_records(path: str | os.PathLike[str]) -> tuple[Record, ...]:
    """The records of a file that `write_records` wrote. Raises `UserError` with all its faults when it is not one."""
    place = Place(os.fspath(path))
    rows = _rows(_parse(path, place), place)
    records: list[Record] = []
    faults: list[Fault] = []
    for index, row in enumerate(rows):
        try:
            records.append(_record(row))
        except (TypeError, ValueError) as error:
            faults.append(Fault(f"not a record ({error})", path=f"records[{index}]", place=place))
    if faults:
        raise UserError(faults)
    return tuple(records)


def _parse(path: str | os.PathLike[str], place: Place) -> object:
    try:
        return json.loads(read_bytes(path).decode("utf-8"))
    except json.JSONDecodeError as error:
        where = Place(place.file, error.lineno, error.colno)
        raise user_error(f"not JSON ({error.msg})", "Was it cut short or edited?", place=where) from error
    except RecursionError as error:
        raise user_error("not a file of records (nested too deeply)", _REMEDY, place=place) from error
    except ValueError as error:  # bytes that are not UTF-8, or an integer of more digits than Python takes
        raise user_error("not JSON (it is not text)", _REMEDY, place=place) from error


def _rows(document: object, place: Place) -> list[Any]:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise user_error(f'not a file of records (no "format": "{FORMAT}")', _REMEDY, place=place)
    if document.get("version") != VERSION:
        found = document.get("version")
        raise user_error(f"records of version {found!r}, this archspec reads {VERSION}", "Update archspec", place=place)
    rows = document.get("records")
    if not isinstance(rows, list):
        raise user_error("not a file of records ('records' is not a list)", path="records", place=place)
    return rows


def _record(row: object) -> Record:
    if not isinstance(row, dict):
        raise TypeError(f"{type(row).__name__} instead of an object")
    return Record.from_json(row)
