"""Cells as text: the one place where a number becomes digits, and hostile characters become visible."""

from __future__ import annotations

import math
import re
import unicodedata

from archspec.reporters._table import Cell, Column, Table

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NOTHING = "-"


def for_people(cell: Cell, column: Column) -> str:
    """The cell as a reader wants it: `1,234,567`, `0.65`, `yes`, `-` where there is nothing."""
    if cell is None:
        return NOTHING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    if not math.isfinite(cell):
        return _not_finite(cell)
    if column.kind == "integer" and cell == int(cell):
        return f"{int(cell):,}"
    if column.kind == "number" and column.digits is not None:
        return _without_minus_zero(f"{cell:,.{column.digits}f}")
    return for_machines(cell)


def rows_for_people(table: Table) -> list[list[str]]:
    """All cells of a table by `for_people`."""
    return [[for_people(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]


def transposed(table: Table) -> Table:
    """One line a column, one column a row, headed by its first cell: few rows of many numbers on a narrow terminal."""
    first, *others = table.columns
    cells = rows_for_people(table)
    columns = (
        Column("what", first.heading),
        *(Column(str(number), row[0], align="right") for number, row in enumerate(cells)),
    )
    rows = tuple((column.heading, *(row[index] for row in cells)) for index, column in enumerate(others, 1))
    return Table(table.title, columns, rows, table.notes, upright=table)


def for_machines(cell: Cell) -> str:
    """The cell as data, nothing rounded: `1234567`, `0.6471088960000001`, `true`, empty where there is nothing."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return str(int(cell))
    return repr(float(cell)) if math.isfinite(cell) else _not_finite(cell)


def visible(text: str) -> str:
    """The text in one line, with control characters (line ends, escape sequences, changes of direction) spelled out."""
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def width(text: str) -> int:
    """How many terminal cells the text takes: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def _without_minus_zero(digits: str) -> str:
    return digits[1:] if digits.startswith("-") and not digits.strip("-0.,") else digits
