"""The ledger that the commands share which measure something: its options, and how it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli._options import Decorator
from archspec.cli._paths import DatabasePlace
from archspec.cli._terminal import say
from archspec.errors import UserError

if TYPE_CHECKING:
    from archspec.ledger import KnownNumbers

ledger_option: Decorator = click.option(
    "--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
    help="Ledger in which measured numbers are kept and looked up. Without it, ledger.db in the folder of runs.",
)  # fmt: skip
update_option: Decorator = click.option("--update", is_flag=True, help="Measure again what the ledger has.")


@contextmanager
def shared_ledger(where: str, output: Path = Path("runs")) -> Iterator[KnownNumbers | None]:
    """The ledger that is named, else that of the folder where runs go.

    One that nobody named and that cannot be used is told in a line, and no number is kept: the command itself does not
    need it. Raises `UserError` for one that is named.
    """
    from archspec.ledger import VARIABLE, default_ledger, open_light

    named = where or os.environ.get(VARIABLE)
    try:
        kept = open_light(where or default_ledger(output))
    except UserError as error:
        if named:
            raise
        say(f"archspec: {error}. The numbers are not kept")
        yield None
        return
    with kept:
        yield kept
