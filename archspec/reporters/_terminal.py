"""A table on a terminal, drawn with rich. Imported only when there is a terminal, for rich takes its time to load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from archspec.reporters._layout import cut, folded, laid_out
from archspec.reporters._table import Table

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {"title": "bold", "heading": "bold", "note": "dim"}


def draw(table: Table, stream: TextIO, *, wide: bool = False) -> None:
    """Draw `table` on `stream`, as wide as the terminal, or with `wide` as it takes: see `laid_out`."""
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    console.print(drawn(table, None if wide else console.width), soft_wrap=True)


def draw_text(text: str, notes: Sequence[str], stream: TextIO, *, wide: bool = False) -> None:
    """Lines of a text as far as the terminal goes, or with `wide` whole, and notes below them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    room = None if wide else console.width
    lines = text.splitlines()
    short = [cut(line, room) for line in lines]
    said = [] if short == lines else ["lines that end in … are longer; --wide shows all"]
    for line in short:
        console.print(Text(line), soft_wrap=True)
    for note in ("", *said, *notes) if said or notes else ():
        for line in folded(note, room):
            console.print(Text(line, "" if note in said else STYLES["note"]), soft_wrap=True)


def drawn(table: Table, room: int | None) -> Text:
    """`table` in lines of `room` terminal cells, as something that rich can print or redraw."""
    from rich.text import Text

    lines = (Text(line.text, STYLES.get(line.part, "")) for line in laid_out(table, room))
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)
