"""`archspec compare`: runs, builds, scores, specs and `.tflite` files side by side, differing conditions first."""

from __future__ import annotations

import json
from pathlib import Path

import click

from archspec.cli._options import DATA_FORMATS, format_option, narrower, output_option, plugins_option, put, put_tables
from archspec.cli._paths import InputPath

BESIDE = 56  # terminal cells of a quantity, its unit and a delta


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=InputPath())
@plugins_option
@format_option
@output_option
def compare(runs: tuple[Path, ...], plugins: tuple[Path, ...], reporter: str, output: Path | None) -> None:
    """Set runs, builds, scores, files of records, specs and anybody's .tflite side by side.

    Differences are to the first. Scores and latencies that were measured under other conditions get none; which
    conditions differ is listed first.
    """
    from archspec.errors import Fault, Place, UserError
    from archspec.report import ROOM, comparison, open_subjects
    from archspec.reporters import render

    if len(runs) < 2:
        raise click.UsageError("one thing alone cannot be compared. Name two or more")
    subjects = open_subjects(runs, plugins)
    empty = [one for one in subjects if not one.records and one.costs is None]
    if empty:
        remedy = "Name a run, a build, scores, a spec or a .tflite"
        raise UserError([Fault("holds no records", remedy, place=Place(str(one.path))) for one in empty])
    people = reporter not in DATA_FORMATS
    numbered = narrower([one.name for one in subjects], BESIDE * (len(subjects) - 1), reporter, output)
    found = comparison(subjects, for_people=people, room=0 if numbered else ROOM)
    if reporter == "json":
        put(json.dumps(found.to_json(subjects), indent=2, ensure_ascii=False, allow_nan=False) + "\n", output)
    elif reporter == "csv":
        put(render(found.to_table(), "csv"), output)
    else:
        put_tables(found.tables, reporter, output)
