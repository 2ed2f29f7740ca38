"""`archspec ledger`: the numbers that were measured, asked, handed on, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from archspec.cli._ledger_filters import filter_options, opened, wanted, where_option, why_none
from archspec.cli._options import DATA_FORMATS, format_option, output_option, put_table, wide_option
from archspec.cli._paths import DatabasePlace, InputPath, OutputFile
from archspec.cli._terminal import safe, say
from archspec.files import is_folder

_SHOWN = 50


def counted(number: int, word: str) -> str:
    """`1 record`, `1,200 records`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


@click.group()
def ledger() -> None:
    """Measured numbers, kept so that none is taken twice: a file, or a database's URL.

    Without --ledger it is the one that ARCHSPEC_LEDGER names, else runs/ledger.db.
    """


@ledger.command()
@where_option
@format_option
@output_option
def info(where: str, reporter: str, output: Path | None) -> None:
    """How many records of which metrics there are, from when, and how large the file is."""
    from archspec.reporters import Column, Table

    with opened(where) as kept:
        found, place = kept.summary(), kept.where
    columns = (Column("metric", "Metric"), Column("records", "Records", kind="integer"))
    counts = ((found.records, "record"), (found.networks, "network"), (found.specs, "spec"))
    notes = [", ".join(counted(number, word) for number, word in counts)]
    if found.records:
        notes.append(f"from {found.first or 'no time'} to {found.last or 'no time'}")
    if found.size_bytes is not None:
        notes.append(f"{found.size_bytes / 1e6:.2f} MB")
    put_table(Table(f"Ledger {place}", columns, tuple(found.metrics.items()), tuple(notes)), reporter, output)


@ledger.command()
@where_option
@filter_options
@click.option("--limit", type=click.IntRange(0), default=_SHOWN, show_default=True, metavar="N",
              help="The newest N; 0 for all.")  # fmt: skip
@format_option
@output_option
def query(where: str, limit: int, reporter: str, output: Path | None, **filters: Any) -> None:
    """The records that agree with all that is asked, newest first. For files with everything in them: export."""
    from archspec.cli._ledger_tables import records_table

    question = wanted(**filters)
    with opened(where) as kept:
        found = list(islice(kept.select(question, newest=True), limit or None))
        total = kept.count(question) if limit and len(found) == limit else len(found)
        notes = [] if found else [why_none(kept, question)]
        place = kept.where
    if total > len(found):
        notes.append(f"{total - len(found):,} more, older: --limit 0 shows all")
    rounded = reporter not in DATA_FORMATS
    put_table(records_table(found, f"{counted(total, 'record')} of {place}", notes, rounded=rounded), reporter, output)


@ledger.command()
@click.argument("file", type=OutputFile())
@where_option
@filter_options
@click.option("--format", "kind", type=click.Choice(("json", "csv", "markdown")),
              help="Else by FILE's ending; .json can be imported again.")  # fmt: skip
def export(file: Path, where: str, kind: str | None, **filters: Any) -> None:
    """Write records to FILE, oldest first: .json holds everything, .csv has one column a condition, .md is to read."""
    from archspec.cli._ledger_tables import everything_table, records_table
    from archspec.record import write_records

    kind = kind or {".json": "json", ".csv": "csv", ".md": "markdown"}.get(file.suffix.lower())
    if kind is None:
        raise click.UsageError(f"what {file} is to be? End its name in .json, .csv or .md, or add --format")
    question = wanted(**filters)
    with opened(where) as kept:
        found = list(kept.select(question))
        if not found:
            say(f"archspec: {why_none(kept, question)}")
    if kind == "json":
        write_records(file, found)
    elif kind == "csv":
        put_table(everything_table(found), "csv", file)
    else:
        put_table(records_table(found, counted(len(found), "record")), "markdown", file)
    print(safe(f"{counted(len(found), 'record')} written to {file}"))


@ledger.command(name="import")
@click.argument("files", nargs=-1, required=True, type=InputPath(), metavar="FILE|FOLDER...")
@where_option
@click.option("--replace", is_flag=True, help="Where a number is there already, take the file's.")
def import_(files: tuple[Path, ...], where: str, replace: bool) -> None:
    """Add the records of files (record.json of a build, a training, an evaluation; an export); folders are searched."""
    from archspec.errors import Place, user_error
    from archspec.ledger import read_records_today

    found: list[Path] = []
    for file in files:
        inside = sorted(file.rglob("record.json")) if is_folder(file) else [file]
        if not inside:
            raise user_error("holds no record.json", "Name another folder, or a file", place=Place(str(file)))
        found += inside
    records = [record for file in found for record in read_records_today(file)]
    with opened(where, create=True) as kept:
        written, place = kept.add(records, replace=replace), kept.where
    read = f"{counted(len(records), 'record')} in {counted(len(found), 'file')}"
    print(safe(f"{read}: {written:,} written to {place}, {len(records) - written:,} were there"))


@ledger.command()
@where_option
@filter_options
@click.option("--key", "keys", metavar="KEY", multiple=True, help="This very record, even if it is damaged.")
@click.option("--keep-latest", type=click.IntRange(1), metavar="N",
              help="Of these, all but the newest N of a network, metric and conditions.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Forget them. Without it they are only counted.")
@wide_option
def prune(where: str, keys: tuple[str, ...], keep_latest: int | None, yes: bool, **filters: Any) -> None:
    """Forget records that agree with all that is asked: say --yes, for nothing brings them back."""
    from archspec.cli._ledger_tables import counts_table
    from archspec.ledger import Wanted, all_but_latest

    question = wanted(**filters)
    if question == Wanted() and keep_latest is None and not keys:
        raise click.UsageError("which records? Name some, e.g. --before 90d, --metric NAME or --keep-latest 1")
    if keys and (question != Wanted() or keep_latest):
        raise click.UsageError("--key names records by itself. Leave the others out")
    with opened(where) as kept:
        gone = list(keys)
        if not keys:
            found = list(kept.select(question))
            picked = found if keep_latest is None else all_but_latest(found, keep_latest)
            gone = [record.key for record in picked]
            rest = f"{counted(kept.count() - len(gone), 'record')} would stay in {kept.where}"
            put_table(counts_table(f"{counted(len(gone), 'record')} to forget", picked, [rest]), "table", None)
        if not yes and gone:
            print("nothing is forgotten yet: add --yes")
        if not yes or not gone:
            return
        forgotten = kept.delete(gone)
        kept.compact()
    print(safe(f"{counted(forgotten, 'record')} forgotten"))


@ledger.command()
@click.argument("sources", nargs=-1, required=True, metavar="LEDGER...")
@click.option("--into", type=DatabasePlace(), required=True, metavar="WHERE",
              help="A file or a URL; made where it is not there.")  # fmt: skip
@wide_option
def merge(sources: tuple[str, ...], into: str) -> None:
    """Add to one ledger what others have. Where two values differ, that of --into stays, and of LEDGERs the first."""
    from archspec.ledger import Ledger

    rows = []
    with Ledger.open(into) as kept:
        for source in sources:
            with Ledger.open(source, create=False) as other:
                done = kept.merge(other)
                rows.append((other.where, done.added, done.already, done.differing))
        title = f"{counted(kept.count(), 'record')} in {kept.where}"
    _put_merged(title, rows)


@ledger.command()
@click.argument("sources", nargs=-1, type=InputPath(), metavar="[LEDGER]...")
@where_option
@wide_option
def migrate(sources: tuple[Path, ...], where: str) -> None:
    """Move the records of ledgers at former usual places into the one that all commands share.

    Without LEDGERs it is searches/ledger.db, where searches kept their numbers. A ledger that was moved stays, under
    its name with .migrated behind it. Where two values differ, that of the shared ledger stays.
    """
    from archspec.files import is_file
    from archspec.ledger import FORMER_LEDGER, Ledger, default_ledger

    place = where or default_ledger()
    named = sources or (Path(FORMER_LEDGER),)
    files = [file for file in named if is_file(file) and file.absolute() != Path(place).absolute()]
    rows = []
    with Ledger.open(place) as kept:
        for file in files:
            with Ledger.open(file, create=False) as other:
                done = kept.merge(other)
            file.rename(f"{file}.migrated")
            rows.append((str(file), done.added, done.already, done.differing))
        title = f"{counted(kept.count(), 'record')} in {kept.where}"
    _put_merged(title, rows)


def _put_merged(title: str, rows: Sequence[tuple[str, int, int, int]]) -> None:
    """How many records came from each ledger."""
    from archspec.reporters import Column, Table

    columns = (
        Column("from", "From"),
        *(Column(name, name.capitalize(), kind="integer") for name in ("added", "already", "differing")),
    )
    notes = ("differing: another value was there, and stayed",) if any(row[3] for row in rows) else ()
    put_table(Table(title, columns, tuple(rows), notes), "table", None)
