"""Options and arguments that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.arrays import PRECISIONS
from archspec.cli._paths import WORDS, DatabasePlace, InputPath, OutputFile

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.reporters import Table

FORMATS = ("table", "json", "csv", "markdown", "latex", "html")  # in this order; others come after them
DATA_FORMATS = ("json", "csv")  # whole numbers, one row for each thing; the others are for people
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_WIDE = "archspec.wide"  # in the context of the command line that runs

set_option: Decorator = click.option(
    "--set", "overrides", metavar="PATH=VALUE", multiple=True,
    help="Change a value of the spec, e.g. --set width_multiplier=0.5 or --set input.size=[360,640]. Repeatable.",
)  # fmt: skip


def _plug_in(_context: click.Context, _option: click.Parameter, plugins: tuple[Path, ...]) -> tuple[Path, ...]:
    """Make the folders known before another option is read, which may name what is in them."""
    if plugins:
        catalog(plugins)
    return plugins


def _plugins_option(*, exposed: bool) -> Decorator:
    return click.option(
        "--plugins", metavar="FOLDER", multiple=True, envvar="ARCHSPEC_PLUGINS", type=InputPath(),
        callback=_plug_in, is_eager=True, expose_value=exposed,
        help="Also use the blocks, specs, measures, data sets, … of this folder. Repeatable; also ARCHSPEC_PLUGINS.",
    )  # fmt: skip


plugins_option = _plugins_option(exposed=True)
more_kinds_option = _plugins_option(exposed=False)
"""`--plugins` of a command that reads no spec: what else is in the folders can be named."""


class Formats(click.Choice[str]):
    """The reporters, those of plugin folders with them."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names, as `--help` shows them."""
        from archspec.catalog import members

        return (*FORMATS, *(name for name in members("reporters") if name not in FORMATS))


def _keep_wide(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_WIDE] = True


wide_option: Decorator = click.option(
    "--wide", is_flag=True, expose_value=False, callback=_keep_wide,
    help="Show every column of a table, however narrow the terminal is.",
)  # fmt: skip


def formats_option(words: str = "How to print.") -> Decorator:
    """`--format`, with words of its own, and `--wide`: what every command with a table has."""
    choice = click.option("--format", "reporter", type=Formats(), default="table", show_default=True, help=words)
    return lambda command: choice(wide_option(command))


format_option = formats_option()
output_option: Decorator = click.option(
    "--output", metavar="FILE", type=OutputFile(), help="Write to this file instead of printing."
)


def precision_option(words: str = "Numeric precision in which a spec is exported.") -> Decorator:
    """`--precision` of a `.tflite`."""
    return click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True, help=words)


representative_option: Decorator = click.option(
    "--representative", type=InputPath(), metavar="FOLDER",
    help="Folder of images from which the ranges of int8 are taken. Without it images are generated, and a note says "
         "so.",
)  # fmt: skip


def check_representative(representative: Path | None, precision: str) -> None:
    """Raise `UsageError` where nothing is done with the images."""
    if representative and precision != "int8":
        raise click.UsageError(f"--representative sets ranges of int8, not of {precision}. Leave it out")


def weights_options(words: str) -> Decorator:
    """`--weights` and `--as`: what a training starts from."""
    file = click.option("--weights", type=InputPath(), metavar="FILE", help=words)
    kind = click.option("--as", "weights_format", metavar="FORMAT",
                        help="Format of --weights. archspec's own files need none.")  # fmt: skip
    return lambda command: file(kind(command))


def weights_changes(weights: Path | None, weights_format: str | None) -> list[dict[str, Any]]:
    """What `--weights` and `--as` change of a spec: one change, or none."""
    if weights is None:
        return []
    return [{"weights": {"file": str(weights)} | ({"format": weights_format} if weights_format else {})}]


data_option: Decorator = click.option(
    "--data", "references", metavar="NAME:DIR", multiple=True,
    help="Train on this data set, e.g. camvid:DIR. Repeatable, for recipes of several stages.",
)  # fmt: skip


update_option: Decorator = click.option("--update", is_flag=True, help="Measure again what the ledger already has.")


def ledger_option(folder: str) -> Decorator:
    """`--ledger`, by default `ledger.db` in `folder`."""
    return click.option(
        "--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
        help=f"Ledger that keeps the numbers: a file, or a database's URL. Without it, ledger.db in {folder}.",
    )  # fmt: skip


PROCEDURES = ("quick", "default", "paper")


class RenamedOption(click.Option):
    """An option that still answers to its former names: help and messages show the first one only."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As of an option of one name."""
        names, self.opts = self.opts, self.opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = names

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The name that it has now."""
        return f"'{self.opts[0]}'"


engine_option: Decorator = click.option(
    "--engine", metavar="ENGINE",
    help="Where evaluations run: local (processes of this machine), auto (the Ray cluster that this machine is a node "
         "of), or ray://HOST:10001.",
)  # fmt: skip


def procedure_option(
    default: str | None = None, words: str = "How latency is measured.", *, none: bool = False
) -> Decorator:
    """`--procedure`: how latency is measured. With `none` it may be left out. `--preset` and `--latency` mean the same.

    Without `default` any word is taken, for who reads it knows which there are.
    """
    kind = str if default is None else click.Choice((*PROCEDURES, "none") if none else PROCEDURES)
    words += f" {'`none` measures nothing; ' if none else ''}`paper` warms up for 30 s and times 300 frames."
    return click.option(
        "--procedure", "--preset", "--latency", "procedure", cls=RenamedOption, help=words, default=default,
        show_default=default is not None, type=kind, metavar="NAME" if default is None else None,
    )  # fmt: skip


def catalog(plugins: tuple[Path, ...], *sources: str) -> Catalog:
    """The bundled catalog with the plugin folders of the command line, and with those that the files and folders
    `sources` were made with."""
    from archspec.catalog import Catalog

    found = Catalog(plugins)
    for source in sources:
        from archspec.files import exists
        from archspec.record import noted_plugins

        found.add(noted_plugins(Path(source)) if exists(source) else ())
    return found


def put(text: str, output: Path | None) -> None:
    """Print, or write a file whole or not at all."""
    if output is None:
        sys.stdout.write(text)
    else:
        from archspec.record import write_text

        write_text(output, text)


def wide() -> bool:
    """Whether the command that runs was asked for every column."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_WIDE))


def this_command() -> str:
    """The command that runs, to be pasted into a shell; nothing where it is no command line that runs."""
    from archspec.record import shell_command

    context = click.get_current_context(silent=True)
    words = () if context is None else context.meta.get(WORDS, ())
    return shell_command(*words) if words else ""


def narrower(names: Sequence[str], beside: int, reporter: str, output: Path | None = None) -> bool:
    """Whether a table goes to a terminal that has no room for `names` as headings beside `beside` other cells."""
    from shutil import get_terminal_size

    if reporter != "table" or output is not None or wide() or not sys.stdout.isatty():
        return False
    return sum(len(name) + 2 for name in names) + beside > get_terminal_size().columns


def put_table(table: Table, reporter: str, output: Path | None) -> None:
    """A table in the wanted format: drawn on a terminal, plain in a pipe or a file; JSON says which command made it."""
    from archspec.reporters import render, report

    if reporter == "json":
        table = replace(table, command=this_command())
    if output is None:
        report(table, sys.stdout, reporter, wide=wide())
    else:
        put(render(table, reporter), output)


def put_tables(tables: Iterable[Table], reporter: str, output: Path | None = None) -> None:
    """Tables with an empty line between them."""
    from archspec.reporters import render

    if output is not None:
        put("\n".join(render(table, reporter) for table in tables), output)
        return
    for number, table in enumerate(tables):
        sys.stdout.write("\n" if number else "")
        put_table(table, reporter, None)


def put_lines(text: str, notes: Sequence[str], output: Path | None) -> None:
    """Lines of text and notes below them: cut to the width of a terminal, whole in a pipe or a file."""
    import io

    from archspec.reporters import report_text

    if output is None:
        report_text(text, notes, sys.stdout, wide=wide())
        return
    whole = io.StringIO()
    report_text(text, notes, whole)
    put(whole.getvalue(), output)


def class_labels(path: Path) -> tuple[str, ...]:
    """The lines of a text file that are not empty. Raises `UserError` for one that cannot be read."""
    from archspec.files import read_text

    lines = read_text(path, remedy="Name a text file with one class a line").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def relative(path: str) -> str:
    """The shorter of a path and the same path from the current folder."""
    shorter = os.path.relpath(path)
    return shorter if len(shorter) < len(path) else path
