"""A file of records that archspec wrote, whatever it holds."""

from __future__ import annotations

from pathlib import Path

from archspec.ledger import read_records_today
from archspec.report._subject import Subject, json_head


def recognises(path: Path) -> bool:
    """A JSON file that begins as one of records does."""
    return b'"archspec-records"' in json_head(path, 100)


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
