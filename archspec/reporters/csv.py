"""Comma-separated values: one header row with units, then the rows, numbers whole; no title, no notes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from archspec.reporters._table import Table
from archspec.reporters._text import for_machines


def render(table: Table) -> str:
    """Lines end in a single line feed. A missing cell is empty. Quoting is that of RFC 4180 (Python's csv module)."""
    lines = [_line(column.heading for column in table.columns)]
    lines += [_line(map(for_machines, row)) for row in table.rows]
    return "".join(lines)


def _line(cells: Iterable[str]) -> str:
    """One row. The csv module quotes the characters of its line end only, so it must believe in both."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"
