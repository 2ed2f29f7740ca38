"""The options with which records are picked, and what they mean."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli._options import Decorator
from archspec.cli._paths import DatabasePlace
from archspec.cli._terminal import say
from archspec.errors import UserError, nearest, user_error
from archspec.files import exists

if TYPE_CHECKING:
    from archspec.ledger import Ledger, Wanted
    from archspec.record import Plain

_TIME = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}Z?)?)?)?)?")
_DAYS = re.compile(r"(\d{1,6})(?: ?d| ?days?)")

where_option: Decorator = click.option(
    "--ledger", "where", default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
    help="A file, or a database's URL; also ARCHSPEC_LEDGER. Else runs/ledger.db.",
)  # fmt: skip
ledger_option: Decorator = click.option(
    "--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
    help="Where measured numbers are kept, and looked up; else ledger.db in the folder of runs.",
)  # fmt: skip
update_option: Decorator = click.option("--update", is_flag=True, help="Measure again what the ledger has.")
_OPTIONS: tuple[Decorator, ...] = (
    click.option("--metric", metavar="NAME", help="Only records of this metric."),
    click.option("--name", metavar="NAME", help="Only of networks of this name."),
    click.option(
        "--hash", "hash_begins", default="", metavar="DIGITS", help="Only of the network whose hash begins so."
    ),
    click.option(
        "--where",
        "conditions",
        metavar="CONDITION=VALUE",
        multiple=True,
        help="Only under this condition, e.g. --where device=host. Repeatable.",
    ),
    click.option("--since", default="", metavar="TIME", help="Only from then on: 2026-05, 2026-05-31, or 7d (ago)."),
    click.option("--before", default="", metavar="TIME", help="Only from before then, in the same ways."),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--metric, --name, --hash, --where, --since, --before."""
    return reduce(lambda function, option: option(function), reversed(_OPTIONS), command)


def opened(where: str, *, create: bool = False) -> Ledger:
    """The ledger that is named, else the default one. Raises `UserError`, with the ledgers that lie near."""
    from archspec.ledger import Ledger, default_ledger

    place = where or default_ledger()
    if not where and not create and "://" not in place and not exists(place):
        near = sorted(map(str, Path().glob("*/ledger.db")))
        remedy = f"Name one: --ledger {near[0]}" if near else "Name one with --ledger, or set ARCHSPEC_LEDGER"
        raise user_error(f"no ledger at {place}", remedy)
    return Ledger.open(place, create=create)


@contextmanager
def shared_ledger(where: str, output: Path = Path("runs")) -> Iterator[Ledger | None]:
    """The ledger that is named, else that of the folder where runs go.

    One that is not named and cannot be used is told in a line, and nothing is kept: what the command was asked for
    needs none. Raises `UserError` for one that is named.
    """
    from archspec.ledger import VARIABLE, Ledger, default_ledger

    named = where or os.environ.get(VARIABLE)
    try:
        kept = Ledger.open(where or default_ledger(output))
    except UserError as error:
        if named:
            raise
        say(f"archspec: {error}. The numbers are not kept")
        yield None
        return
    with kept:
        yield kept


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
        raise user_error(f"before there were calendars ('{text}')", "Write fewer days", option) from error


def why_none(ledger: Ledger, question: Wanted) -> str:
    """What may be misspelt in a question that nothing agrees with."""
    from itertools import islice

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
    return "no record agrees with all of that"
