"""`archspec compare`: runs, builds and scores side by side, what differs in their conditions first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import DATA_FORMATS, format_option, narrower, output_option, plugins_option, put, put_tables
from archspec.cli._paths import InputPath

if TYPE_CHECKING:
    from archspec.report import Subject
    from archspec.reporters import Table

BESIDE = 56  # terminal cells of a quantity, its unit and a delta


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=InputPath())
@plugins_option
@format_option
@output_option
def compare(runs: tuple[Path, ...], plugins: tuple[Path, ...], reporter: str, output: Path | None) -> None:
    """Set runs, builds, scores and files of records side by side.

    Differences are to the first. Scores and latencies that were measured under other conditions get none; which
    conditions differ is listed first.
    """
    from archspec.errors import Fault, Place, UserError
    from archspec.report import ROOM, comparison, open_subjects
    from archspec.reporters import render

    if len(runs) < 2:
        raise click.UsageError("one thing alone cannot be compared. Name two or more")
    subjects = open_subjects(runs, plugins)
    empty = [one for one in subjects if not one.records]
    if empty:
        raise UserError([Fault("holds no records", "Name a run, a build or scores", place=Place(str(one.path)))
                         for one in empty])  # fmt: skip
    people = reporter not in DATA_FORMATS
    numbered = narrower([one.name for one in subjects], BESIDE * (len(subjects) - 1), reporter, output)
    tables = comparison(subjects, for_people=people, room=0 if numbered else ROOM).tables
    if reporter == "json":
        put(json.dumps(_object(subjects, tables), indent=2, ensure_ascii=False, allow_nan=False) + "\n", output)
    elif reporter == "csv":
        put(render(_one(tables), "csv"), output)
    else:
        put_tables(tables, reporter, output)


def _object(subjects: list[Subject], tables: tuple[Table, ...]) -> dict[str, object]:
    return {
        "compared": [{"name": one.name, "kind": one.kind, "path": str(one.path)} for one in subjects],
        "tables": [
            {
                "title": table.title,
                "rows": table.objects(),
                "notes": list(table.notes),
            }
            for table in tables
        ],
    }


def _one(tables: tuple[Table, ...]) -> Table:
    """All numbers in one table; conditions that differ are rows too, their values as text."""
    from archspec.reporters import Column, Table

    widest = max(tables, key=lambda table: len(table.columns))
    columns = (Column("table", "table"), *widest.columns)
    ids = [column.id for column in widest.columns]
    rows = []
    for table in tables:
        for cells in table.objects():
            cells.setdefault("quantity", cells.get("condition"))
            cells.setdefault("unit", cells.get("kind"))
            rows.append((table.title, *(cells.get(name) for name in ids)))
    return Table("", columns, tuple(rows))
