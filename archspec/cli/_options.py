"""Options and arguments that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.reporters import Table

FORMATS = ("table", "json", "csv", "markdown", "latex", "html")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

set_option: Decorator = click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True,
    help="Change a value of the spec, e.g. --set width_multiplier=0.5 or --set input.size=[360,640]. Repeatable.",
)  # fmt: skip
plugins_option: Decorator = click.option(
    "--plugins", metavar="FOLDER", multiple=True, envvar="ARCHSPEC_PLUGINS",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of your own block files, parts and specs. Repeatable; also ARCHSPEC_PLUGINS.",
)  # fmt: skip
format_option: Decorator = click.option(
    "--format", "reporter", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print."
)
output_option: Decorator = click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead."
)


def catalog(plugins: tuple[Path, ...]) -> Catalog:
    """The bundled catalog with the plugin folders of the command line."""
    from archspec.catalog import Catalog

    return Catalog(plugins)


def label_names(path: Path) -> tuple[str, ...]:
    """The names of classes in a file, one a line that is not blank. Raises `UserError`."""
    from archspec.record import read_text_list

    found = read_text_list(path, "cannot be read", "Name a text file with one class a line")
    return tuple(name for _, name in found)


def put(text: str, output: Path | None) -> None:
    """Print, or write a file whole or not at all."""
    if output is None:
        sys.stdout.write(text)
    else:
        from archspec.record import write_text

        write_text(output, text)


def put_table(table: Table, reporter: str, output: Path | None) -> None:
    """A table in the wanted format: drawn on a terminal, plain in a pipe or a file."""
    from archspec.reporters import render, report

    if output is None:
        report(table, sys.stdout, reporter)
    else:
        put(render(table, reporter), output)


def relative(path: str) -> str:
    """A path as short as it can be said from here."""
    shorter = os.path.relpath(path)
    return shorter if len(shorter) < len(path) else path
