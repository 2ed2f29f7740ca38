"""What every reporter is given: a table of plain cells; and those cells as text or as a pandas frame.

This is the one place where a number becomes digits, and where hostile characters become visible.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from archspec import catalog

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | None
Kind = Literal["text", "integer", "number"]
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `id` is its key in JSON; `name` and `unit` make its heading.

    kind "integer" groups digits by three for people, "number" shows `digits` decimals to people (None: as many as
    it has). Data formats (CSV, JSON) always hold the whole number. Numbers stand right, text left, unless `align`
    says otherwise. On a terminal, `wraps` lets a text go over several lines, at its spaces. Where it is too narrow for
    all columns, those of the highest `detail` are left out first, and the last of those with none last; what is `of`
    another column (its id) is shown only with it.
    """

    id: str
    name: str
    unit: str = ""
    kind: Kind = "text"
    digits: int | None = None
    align: Align | None = None
    wraps: bool = False
    detail: int = 0
    of: str = ""

    @property
    def heading(self) -> str:
        """`name (unit)`."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def right(self) -> bool:
        return self.align == "right" if self.align else self.kind != "text"


class Tabular:
    """A result that is a table: as text, as a pandas frame, and in a notebook. Subclasses give `to_table`."""

    __slots__ = ()

    def to_table(self) -> Table:
        """All of its numbers, whole, with their units and conditions."""
        raise NotImplementedError

    def table_for_people(self) -> Table:
        """What is printed and shown in a notebook."""
        return self.to_table()

    def to_frame(self) -> pd.DataFrame:
        """A pandas frame: a column each by its id, numbers whole, nothing as NaN; `attrs` has title, units, notes."""
        return to_frame(self.to_table())

    def to_markdown(self) -> str:
        """The table in Markdown."""
        return _rendered(self.table_for_people(), "markdown")

    def to_latex(self) -> str:
        """The table in LaTeX, for the package booktabs."""
        return _rendered(self.table_for_people(), "latex")

    def __str__(self) -> str:
        return _rendered(self.table_for_people(), "table").rstrip("\n")

    def _repr_html_(self) -> str:
        return _rendered(self.table_for_people(), "html")


def _rendered(table: Table, reporter: str) -> str:
    return str(catalog.load("reporters", reporter, "render").render(table))


@dataclass(frozen=True, slots=True)
class Table(Tabular):
    """A title, columns, rows (a cell for each column, None where there is none) and notes: a line for each condition.

    `upright` is the table that this one is the transposed of, for a terminal that is too narrow for this one.
    `command` is what made it, for JSON.
    Raises `ValueError` for a row of the wrong length or two columns of one id: both are the caller's mistake.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    upright: Table | None = None
    command: str = ""

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "columns", tuple(self.columns))
        put(self, "title", _encodable(self.title))
        put(self, "rows", tuple(tuple(map(_encodable, row)) for row in self.rows))
        put(self, "command", _encodable(self.command))
        put(self, "notes", tuple(map(_encodable, self.notes)))
        ids = [column.id for column in self.columns]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"a table needs columns, each with an id of its own ({', '.join(ids)})")
        for number, row in enumerate(self.rows):
            if len(row) != len(ids):
                raise ValueError(f"row {number} has {len(row)} cells for {len(ids)} columns")

    def to_table(self) -> Table:
        """Itself."""
        return self

    def objects(self) -> list[dict[str, Cell]]:
        ids = [column.id for column in self.columns]
        return [dict(zip(ids, row, strict=True)) for row in self.rows]


def _encodable(cell: Cell) -> Cell:
    """A file name may hold bytes that are not UTF-8 (lone surrogates): shown as `\\udc80`, so they can be written."""
    return cell.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(cell, str) else cell


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
        return fixed(cell, column.digits)
    return for_machines(cell)


def rows_for_people(table: Table) -> list[list[str]]:
    """All cells of a table by `for_people`."""
    return [[for_people(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]


def transposed(table: Table) -> Table:
    """Rows and columns exchanged, each headed by its first cell: few rows of many numbers on a narrow terminal."""
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


def fixed(value: float, digits: int) -> str:
    """A number with so many decimals, never `-0`."""
    text = f"{value:,.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def to_frame(table: Table) -> pd.DataFrame:
    """Columns by their ids, numbers whole, nothing as NaN or None; `attrs` hold title, units and notes."""
    import pandas as pd

    frame = pd.DataFrame(list(table.rows), columns=[column.id for column in table.columns])
    frame.attrs = {
        "title": table.title,
        "units": {column.id: column.unit for column in table.columns if column.unit},
        "notes": list(table.notes),
    }
    return frame
