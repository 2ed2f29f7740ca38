"""A file of records that archspec wrote, whatever it holds."""

from __future__ import annotations

from pathlib import Path

from archspec.files import is_file
from archspec.ledger import read_records_today
from archspec.report._subject import Subject


def recognises(path: Path) -> bool:
    """A JSON file that begins as one of records does."""
    if path.suffix != ".json" or not is_file(path):
        return False
    with path.open("rb") as stream:
        return b'"archspec-records"' in stream.read(100)


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its records. Raises `UserError` when they are damaged."""
    records = read_records_today(path)
    return Subject(
        name=path.stem if path.stem != "record" else path.resolve().parent.name,
        kind="records",
        path=path,
        plugins=plugins,
        spec=records[0].spec if records else "",
        records=records,
    )
