"""The JSON of `archspec profile`: milliseconds by line of the spec, by block, layer or kind of operator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archspec.errors import Place, user_error
from archspec.files import DATA_BYTES, read_text
from archspec.report._subject import Subject, again, json_head
from archspec.reporters.page import File, Line, Lines, Section

HEADINGS = (("time", "ms", 3), ("MACs", "10⁶", 1))


def recognises(path: Path) -> bool:
    """A JSON object with operators and the milliseconds of the whole."""
    return b'"by":' in json_head(path, 4000)


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its rows. Raises `UserError` when it is something else."""
    try:
        profile = json.loads(read_text(path, most_bytes=DATA_BYTES))
        files = _files(profile)
        name, notes = str(profile["name"]), tuple(map(str, profile["notes"]))
        whole = float(profile["whole_ms"])
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        fact = f"not what archspec profile --format json writes ({error!r})"
        raise user_error(fact, "Write it again", place=Place(str(path))) from error
    lead = f"Where the {whole:.2f} ms of one run go. A line that names a part has the part's total."
    section = Section("lines", "Time by line", Lines(HEADINGS, files), lead, notes)
    return Subject(
        name=name,
        kind="profile",
        path=path,
        plugins=plugins,
        sections=(section,),
        commands=again("Profile it again", profile.get("command")),
    )


def _files(profile: dict[str, Any]) -> tuple[File, ...]:
    files: dict[str, list[Line]] = {}
    for number, row in enumerate(profile["rows"], 1):
        file = str(row.get("file") or profile["name"])
        text = str(row["text"] if "text" in row else row["name"])
        amounts = (float(row["ms"]), float(row["macs"] or 0) / 1e6)
        line = Line(int(row.get("line") or number), text, float(row["share"]) / 100, amounts)
        files.setdefault(Path(file).name, []).append(line)
    return tuple(File(name, tuple(lines)) for name, lines in files.items())
