"""Comma-separated values: one header row with units, then the rows, numbers whole; no title, no notes.

A spreadsheet runs a text that begins as a formula does. Such a text, unless it is a number, gets a leading `'`; so does
one that would be taken for guarded already. A reader who wants the text itself takes one `'` away wherever what
follows it is such a text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from archspec.reporters._table import Cell, Table, for_machines

_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def render(table: Table) -> str:
    """Lines end in a single line feed. A missing cell is empty. Quoting is that of RFC 4180 (Python's csv module)."""
    lines = [_line(_guarded(column.heading) for column in table.columns)]
    lines += [_line(map(_text, row)) for row in table.rows]
    return "".join(lines)


def _text(cell: Cell) -> str:
    return _guarded(cell) if isinstance(cell, str) else for_machines(cell)


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _line(cells: Iterable[str]) -> str:
    """One row. The csv module quotes the characters of its line end only, so it must believe in both."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"
