"""The folder of `archspec evaluate --output`: every score of a network or of a folder of predictions."""

from __future__ import annotations

from pathlib import Path

from archspec.files import is_file
from archspec.ledger import read_records_today
from archspec.record import read_command
from archspec.report._subject import Subject, again, read_object


def recognises(path: Path) -> bool:
    """A folder with `scores.json` and records."""
    return is_file(path / "scores.json") and is_file(path / "record.json")


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its records and the scores by class. Raises `UserError` when a file is damaged."""
    records = read_records_today(path / "record.json")
    scores = read_object(path / "scores.json", "scores.json of archspec evaluate")
    parts = scores.get("per_class", {})
    parts = parts if isinstance(parts, dict) else {}
    iou = {str(name): values.get("iou") for name, values in parts.items() if "iou" in values}
    notes = scores.get("notes", [])
    data = str(records[0].conditions.get("data", "")) if records else ""
    split = str(records[0].conditions.get("split", "")) if records else ""
    return Subject(
        name=path.resolve().name,
        kind="scores",
        path=path,
        plugins=plugins,
        spec=records[0].spec if records else "",
        records=records,
        class_iou={name: value if isinstance(value, int | float) else None for name, value in iou.items()},
        class_names=tuple(map(str, parts)),
        data=data,
        facts={f"said {number}": str(note) for number, note in enumerate(notes, 1)},
        commands=again("Score it again", read_command(path / "record.json")),
        lead=f"Scored on {data}, split {split}." if data else "",
    )
