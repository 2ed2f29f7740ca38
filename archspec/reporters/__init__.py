"""A `Table` in, exact text out: one file for each format, found by its stem.

A reporter is a file here with `render(table: Table) -> str`. The text ends in a newline, is the same byte for byte
for the same table, and loses nothing. `report` also knows a terminal when it sees one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO, cast

from archspec import catalog
from archspec.reporters._svg import Bar, Panel, Series, Spot, bar_chart, scatter_svg
from archspec.reporters._table import Cell, Column, Table, Tabular, for_people, to_frame, transposed
from archspec.reporters.markdown import markdown_text

if TYPE_CHECKING:
    from rich.text import Text

__all__ = [
    "Bar", "Cell", "Column", "Panel", "Series", "Spot", "Table", "Tabular", "bar_chart", "drawn", "for_people",
    "formats", "markdown_text", "render", "report", "report_text", "scatter_svg", "to_frame", "transposed",
]  # fmt: skip

_STYLES = {"title": "bold", "heading": "bold", "note": "dim"}  # on a terminal


def formats() -> tuple[str, ...]:
    """The names of all reporters, the bundled ones in alphabetical order first: files, none of them imported."""
    return tuple(catalog.members("reporters"))


def render(table: Table, reporter: str = "table") -> str:
    """`table` as text in one of `formats()`. Raises `UserError` for another name."""
    return cast(str, catalog.load("reporters", reporter, "render").render(table))


def report(table: Table, stream: TextIO, reporter: str = "table", *, wide: bool = False) -> None:
    """Write `table` to `stream`: as `render` does, except that `table` on a terminal is drawn with rich.

    A terminal gets the columns that fit its width, or with `wide` all of them.
    """
    if reporter != "table" or not stream.isatty():
        stream.write(render(table, reporter))
        return
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    console.print(drawn(table, None if wide else console.width), soft_wrap=True)


def report_text(text: str, notes: Sequence[str], stream: TextIO, *, wide: bool = False) -> None:
    """Write lines of text and the notes below them; a terminal gets as much of each line as it has room for."""
    if not stream.isatty():
        stream.write(text + "".join(f"{note}\n" for note in ("", *notes) if notes))
        return
    from rich.console import Console
    from rich.text import Text

    from archspec.reporters._layout import cut, folded

    console = Console(file=stream, highlight=False)
    room = None if wide else console.width
    lines = text.splitlines()
    short = [cut(line, room) for line in lines]
    shortened = [] if short == lines else ["lines that end in … are longer; --wide shows all"]
    for line in short:
        console.print(Text(line), soft_wrap=True)
    for note in ("", *shortened, *notes) if shortened or notes else ():
        for line in folded(note, room):
            console.print(Text(line, "" if note in shortened else _STYLES["note"]), soft_wrap=True)


def drawn(table: Table, room: int | None) -> Text:
    """`table` in lines of `room` terminal cells (None: as wide as it takes), as something rich can print or redraw."""
    from rich.text import Text

    from archspec.reporters._layout import laid_out

    lines = (Text(line.text, _STYLES.get(line.part, "")) for line in laid_out(table, room))
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)
