"""Aligned plain text, for a pipe or a file: no colours, no box, nothing cut off."""

from __future__ import annotations

from archspec.reporters._table import Column, Table, rows_for_people, visible, width

_GAP = "  "


def render(table: Table) -> str:
    """Title, headings over a rule, one line for each row, then the notes; columns as wide as their widest cell."""
    headings = [visible(column.heading) for column in table.columns]
    rows = [list(map(visible, row)) for row in rows_for_people(table)]
    widths = [max(map(width, column)) for column in zip(headings, *rows, strict=True)]
    lines = [visible(table.title), ""] if table.title else []
    lines.append(_line(headings, widths, table.columns))
    lines.append(_GAP.join("-" * size for size in widths))
    lines.extend(_line(row, widths, table.columns) for row in rows)
    if table.notes:
        lines += ["", *map(visible, table.notes)]
    return "\n".join(lines) + "\n"


def _line(texts: list[str], widths: list[int], columns: tuple[Column, ...]) -> str:
    cells = [_padded(text, size, column.right) for text, size, column in zip(texts, widths, columns, strict=True)]
    return _GAP.join(cells).rstrip(" ")


def _padded(text: str, size: int, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space
