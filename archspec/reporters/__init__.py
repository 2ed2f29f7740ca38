"""A `Table` in, exact text out: one file a format, found by its stem.

A reporter is a file here with `render(table: Table) -> str`. The text ends in a newline, is the same byte for byte
for the same table, and loses nothing. `report` also knows a terminal when it sees one.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from archspec.errors import nearest, user_error
from archspec.reporters._bars import Bar, bar_chart
from archspec.reporters._frame import to_frame
from archspec.reporters._scatter import Panel, Series, Spot, scatter_svg
from archspec.reporters._table import Cell, Column, Table
from archspec.reporters._text import for_people, transposed
from archspec.reporters.markdown import markdown_text

if TYPE_CHECKING:
    from rich.text import Text

__all__ = [
    "Bar",
    "Cell",
    "Column",
    "Panel",
    "Series",
    "Spot",
    "Table",
    "bar_chart",
    "drawn",
    "for_people",
    "formats",
    "markdown_text",
    "render",
    "report",
    "report_text",
    "scatter_svg",
    "to_frame",
    "transposed",
]


@cache
def formats() -> tuple[str, ...]:
    """The names of all reporters, in alphabetical order: the files of this folder, none of them imported."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def render(table: Table, reporter: str = "table") -> str:
    """`table` as text in one of `formats()`. Raises `UserError` for another name."""
    if reporter not in formats():
        raise user_error(f"unknown format '{reporter}'", nearest(reporter, formats()))
    module = importlib.import_module(f"{__name__}.{reporter}")
    return cast(str, module.render(table))


def report(table: Table, stream: TextIO, reporter: str = "table", *, wide: bool = False) -> None:
    """Write `table` to `stream`: as `render` does, except that `table` on a terminal is drawn with rich.

    A terminal gets the columns that fit its width, or with `wide` all of them.
    """
    if reporter == "table" and stream.isatty():
        from archspec.reporters._terminal import draw

        draw(table, stream, wide=wide)
    else:
        stream.write(render(table, reporter))


def report_text(text: str, notes: Sequence[str], stream: TextIO, *, wide: bool = False) -> None:
    """Write lines of text and the notes below them; a terminal gets as much of each line as it has room for."""
    if stream.isatty():
        from archspec.reporters._terminal import draw_text

        draw_text(text, notes, stream, wide=wide)
    else:
        stream.write(text + "".join(f"{note}\n" for note in ("", *notes) if notes))


def drawn(table: Table, room: int) -> Text:
    """`table` as a terminal of `room` cells gets it, for a display of rich that is redrawn."""
    from archspec.reporters import _terminal

    return _terminal.drawn(table, room)
