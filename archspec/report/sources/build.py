"""The folder of `archspec build`: costs, the file, latency with every sample, equality."""

from __future__ import annotations

from pathlib import Path

from archspec.files import is_file
from archspec.ledger import read_records_today
from archspec.record import Record, read_command
from archspec.report._subject import Subject, again


def recognises(path: Path) -> bool:
    """A folder with records and the `layers.csv` of a build."""
    return is_file(path / "record.json") and is_file(path / "layers.csv")


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its records. Raises `UserError` when they are damaged."""
    records = read_records_today(path / "record.json")
    first = records[0] if records else Record("", "", None)
    size = next((one.conditions for one in records if one.metric == "written_mb"), {})
    lead = f"{size['precision']} .tflite, weights {size['weights']}." if "precision" in size else ""
    return Subject(
        name=path.resolve().name,
        kind="build",
        path=path,
        plugins=plugins,
        spec=first.spec,
        records=records,
        facts={"written": first.time} if first.time else {},
        commands=again("Build it again", read_command(path / "record.json")),
        lead=lead,
    )
