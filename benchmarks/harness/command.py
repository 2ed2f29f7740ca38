"""The command line that every benchmark has, and its one table on standard output."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable

from archspec.errors import UserError
from archspec.reporters import Table, report

FORMATS = ("table", "markdown", "json")
USER_ERROR = 2


def make_parser(description: str | None) -> ArgumentParser:
    """A parser with `--format` and `--quick`."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to print (default: table)")
    parser.add_argument("--quick", action="store_true", help="the shortest run that still gives every ratio")
    return parser


def run(measure: Callable[[Namespace], tuple[Table, bool]], arguments: Namespace) -> None:
    """Print the table that `measure` returns; exit with 1 when it says that something is out of bounds."""
    try:
        table, passed = measure(arguments)
    except UserError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        raise SystemExit(USER_ERROR) from None
    report(table, sys.stdout, arguments.format)
    raise SystemExit(0 if passed else 1)


def tell(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
