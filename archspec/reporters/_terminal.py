"""A table on a terminal, drawn with rich. Imported only when there is a terminal, for rich takes its time to load."""

from __future__ import annotations

from typing import TextIO

from archspec.reporters._table import Table
from archspec.reporters._text import rows_for_people, visible


def draw(table: Table, stream: TextIO) -> None:
    """Draw `table` on `stream`. Long texts are folded to the terminal's width, never cut off; numbers stay whole."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(visible(table.title), style="bold") if table.title else None
    grid = RichTable(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in table.columns:
        grid.add_column(Text(visible(column.heading)), justify="right" if column.right else "left", overflow="fold")
    for row in rows_for_people(table):
        grid.add_row(*(Text(visible(cell)) for cell in row))
    console = Console(file=stream, highlight=False)
    console.print(grid)
    for note in table.notes:
        console.print(Text(visible(note), style="dim"))
