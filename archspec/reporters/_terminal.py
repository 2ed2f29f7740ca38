"""A table on a terminal, drawn with rich. Imported only when there is a terminal, for rich takes its time to load."""

from __future__ import annotations

from typing import TextIO

from archspec.reporters._table import Table
from archspec.reporters._text import for_people, visible


def draw(table: Table, stream: TextIO) -> None:
    """Draw `table` on `stream`. Long texts are folded to the terminal's width, never cut off; numbers stay whole."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(title=Text(visible(table.title), style="bold"), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in table.columns:
        grid.add_column(
            Text(visible(column.heading)), justify="right" if column.right else "left", overflow="fold", no_wrap=False
        )
    for row in table.rows:
        grid.add_row(*(Text(visible(for_people(cell, column))) for cell, column in zip(row, table.columns, strict=True)))
    console = Console(file=stream, highlight=False)
    console.print(grid)
    for note in table.notes:
        console.print(Text(visible(note), style="dim"))
