"""`archspec ledger`: the measured numbers that are kept: queried, exported, imported, merged and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import (
    DATA_FORMATS,
    Decorator,
    format_option,
    more_kinds_option,
    output_option,
    put_table,
    wide_option,
)
from archspec.cli._paths import DatabasePlace, InputPath, OutputFile
from archspec.cli._terminal import safe, say
from archspec.errors import nearest, user_error
from archspec.files import exists, is_folder

if TYPE_CHECKING:
    from archspec.ledger import Ledger, Wanted
    from archspec.record import Plain

_SHOWN = 50
_TIME = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}Z?)?)?)?)?")
_DAYS = re.compile(r"(\d{1,6})(?: ?d| ?days?)")

where_option: Decorator = click.option(
    "--ledger", "where", default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
    help="Ledger to use: a file, or a database's URL; also ARCHSPEC_LEDGER. Without it, runs/ledger.db.",
)  # fmt: skip
_OPTIONS: tuple[Decorator, ...] = (
    click.option("--metric", metavar="NAME", help="Take only records of this metric."),
    click.option("--name", metavar="NAME", help="Take only records of networks of this name."),
    click.option("--hash", "hash_begins", default="", metavar="DIGITS",
                 help="Take only records of networks whose hash begins with these digits."),
    click.option("--where", "conditions", metavar="CONDITION=VALUE", multiple=True,
                 help="Take only records taken under this condition, e.g. --where device=host. Repeatable."),
    click.option("--since", default="", metavar="TIME",
                 help="Take only records from this time on: 2026-05, 2026-05-31, or 7d for seven days ago."),
    click.option("--before", default="", metavar="TIME",
                 help="Take only records from before this time, written in the same ways."),
)  # fmt: skip


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--metric, --name, --hash, --where, --since, --before."""
    return reduce(lambda function, option: option(function), reversed(_OPTIONS), command)


def counted(number: int, word: str) -> str:
    """`1 record`, `1,200 records`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


@click.group()
def ledger() -> None:
    """Query, export, import and prune the measured numbers that are kept in a ledger: a file, or a database.

    Without --ledger it is the one that ARCHSPEC_LEDGER names, else runs/ledger.db.
    """


@ledger.command()
@where_option
@more_kinds_option
@format_option
@output_option
def info(where: str, reporter: str, output: Path | None) -> None:
    """Print how many records of each metric there are, from when they are, and how large the file is."""
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
              help="Show the newest N records; 0 shows all.")  # fmt: skip
@more_kinds_option
@format_option
@output_option
def query(where: str, limit: int, reporter: str, output: Path | None, **filters: Any) -> None:
    """List the records that meet all conditions, newest first. Complete records are written by `ledger export`."""
    from archspec.measures._tables import numbers_table

    question = wanted(**filters)
    with opened(where) as kept:
        found = list(islice(kept.select(question, newest=True), limit or None))
        total = kept.count(question) if limit and len(found) == limit else len(found)
        notes = [] if found else [why_none(kept, question)]
        place = kept.where
    if total > len(found):
        notes.append(f"{total - len(found):,} more, older: --limit 0 shows all")
    rounded = reporter not in DATA_FORMATS
    put_table(numbers_table(found, f"{counted(total, 'record')} of {place}", notes, rounded=rounded), reporter, output)


@ledger.command()
@click.argument("file", type=OutputFile())
@where_option
@filter_options
@click.option("--format", "kind", type=click.Choice(("json", "csv", "markdown")),
              help="Format of FILE. Without it, the one that FILE's ending names. Only .json can be "
                   "imported again.")  # fmt: skip
def export(file: Path, where: str, kind: str | None, **filters: Any) -> None:
    """Write records to FILE, oldest first: .json has everything, .csv one column for each condition, .md is to read."""
    from archspec.measures._tables import everything_table, numbers_table
    from archspec.record import write_records

    kind = kind or {".json": "json", ".csv": "csv", ".md": "markdown"}.get(file.suffix.lower())
    if kind is None:
        raise click.UsageError(
            f"the format of {file} is not known. End its name in .json, .csv or .md, or add --format"
        )
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
        put_table(numbers_table(found, counted(len(found), "record")), "markdown", file)
    print(safe(f"{counted(len(found), 'record')} written to {file}"))


@ledger.command(name="import")
@click.argument("files", nargs=-1, required=True, type=InputPath(), metavar="FILE|FOLDER...")
@where_option
@click.option("--replace", is_flag=True, help="Take the file's value where the ledger has another one.")
def import_(files: tuple[Path, ...], where: str, replace: bool) -> None:
    """Add the records of files to the ledger: record.json of builds, trainings and evaluations, and exported .json
    files.

    Folders are searched for record.json.
    """
    from archspec.errors import Place
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
@click.option("--key", "keys", metavar="KEY", multiple=True,
              help="Delete the record of this key, even if it is damaged. Repeatable.")  # fmt: skip
@click.option("--keep-latest", type=click.IntRange(1), metavar="N",
              help="Keep the newest N records of each network, metric and conditions among those that "
                   "agree.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Really delete the records. Without it they are only counted.")
@wide_option
def prune(where: str, keys: tuple[str, ...], keep_latest: int | None, yes: bool, **filters: Any) -> None:
    """Delete the records that meet all conditions. Without --yes they are only counted; they cannot be brought back."""
    from archspec.ledger import Wanted, all_but_latest
    from archspec.measures._tables import counts_table

    question = wanted(**filters)
    if question == Wanted() and keep_latest is None and not keys:
        fact = "no condition is given, and every record would be deleted"
        raise click.UsageError(f"{fact}. Give one, e.g. --before 90d, --metric NAME or --keep-latest 1")
    if keys and (question != Wanted() or keep_latest):
        raise click.UsageError("--key names the records, and takes no further condition. Leave the others out")
    with opened(where) as kept:
        gone = list(keys)
        if not keys:
            found = list(kept.select(question))
            picked = found if keep_latest is None else all_but_latest(found, keep_latest)
            gone = [record.key for record in picked]
            rest = f"{counted(kept.count() - len(gone), 'record')} would stay in {kept.where}"
            put_table(counts_table(f"{counted(len(gone), 'record')} to delete", picked, [rest]), "table", None)
        if not yes and gone:
            print("nothing is deleted yet: add --yes")
        if not yes or not gone:
            return
        deleted = kept.delete(gone)
        kept.compact()
    print(safe(f"{counted(deleted, 'record')} deleted"))


@ledger.command()
@click.argument("sources", nargs=-1, required=True, metavar="LEDGER...")
@click.option("--into", type=DatabasePlace(), required=True, metavar="WHERE",
              help="Ledger to add to: a file or a URL. It is made where there is none.")  # fmt: skip
@wide_option
def merge(sources: tuple[str, ...], into: str) -> None:
    """Add to one ledger what others have. Where two values differ, the one of --into stays, else the one of the first
    LEDGER.
    """
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


def opened(where: str, *, create: bool = False) -> Ledger:
    """The ledger that is named, else the default one. Raises `UserError`, with the ledgers that lie near."""
    from archspec.ledger import Ledger, default_ledger

    place = where or default_ledger()
    if not where and not create and "://" not in place and not exists(place):
        near = sorted(map(str, Path().glob("*/ledger.db")))
        remedy = f"Name one: --ledger {near[0]}" if near else "Name one with --ledger, or set ARCHSPEC_LEDGER"
        raise user_error(f"no ledger at {place}", remedy)
    return Ledger.open(place, create=create)


def wanted(
    metric: str | None, name: str | None, hash_begins: str, conditions: tuple[str, ...], since: str, before: str
) -> Wanted:
    """The filters of a command line. Raises `UserError` for a time or a condition that is none."""
    from archspec.ledger import Wanted

    return Wanted(
        metric=metric,
        name=name,
        hash_begins=hash_begins,
        conditions=dict(map(_condition, conditions)),
        since=_time(since, "--since"),
        before=_time(before, "--before"),
    )


def _condition(text: str) -> tuple[str, tuple[Plain, ...]]:
    """`seed=1` is the number one, and the text `1` too: who knows how it was recorded?"""
    from archspec.errors import Problem
    from archspec.spec.yaml_text import resolve

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise user_error(f"not a condition ('{text}')", "Write --where NAME=VALUE", path="--where")
    try:
        meant = resolve(value)
    except Problem:
        return name, (value,)
    return name, (value,) if meant == value else (meant, value)


def _time(text: str, option: str) -> str:
    """The time as records write it."""
    if not text or _TIME.fullmatch(text):
        return text
    days = _DAYS.fullmatch(text)
    if days is None:
        raise user_error(f"not a time ('{text}')", "Write 2026-05-31, 2026-05-31T12:00, or 7d for days ago", option)
    from datetime import UTC, datetime, timedelta

    try:
        return (datetime.now(UTC) - timedelta(days=int(days[1]))).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError as error:
        raise user_error(f"too many days ago ('{text}')", "Write fewer days", option) from error


def why_none(ledger: Ledger, question: Wanted) -> str:
    """What may be misspelt in a question that nothing agrees with."""
    metrics = ledger.summary().metrics
    if question.metric is not None and question.metric not in metrics:
        return f"no record of '{question.metric}'. {nearest(question.metric, metrics)}"
    some = list(islice(ledger.all(), 2000))
    names, conditions = {record.name for record in some}, {name for record in some for name in record.conditions}
    if question.name is not None and question.name not in names:
        return f"no network named '{question.name}'. {nearest(question.name, names)}"
    for name in question.conditions:
        if name not in conditions:
            return f"no condition '{name}'. {nearest(name, conditions)}"
    return "no record meets all conditions"
