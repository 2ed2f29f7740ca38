"""What every reporter is given: columns, rows of plain cells, and the conditions they hold under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        """Whether the cells stand at the right."""
        return self.align == "right" if self.align else self.kind != "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, columns, rows (one cell a column, None where there is none) and notes: one line a condition.

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


def _encodable(cell: Cell) -> Cell:
    """A file name may hold bytes that are not UTF-8 (lone surrogates): shown as `\\udc80`, so they can be written."""
    return cell.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(cell, str) else cell
