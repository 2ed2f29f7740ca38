"""A table that `archspec ablate --format json` wrote (or another command did): the numbers as bars, and the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archspec.errors import Place, user_error
from archspec.files import DATA_BYTES, read_bytes, read_text
from archspec.report._subject import Subject, again, json_head
from archspec.reporters import Cell, Column, Table
from archspec.reporters.page import Bar, Bars, Section, number

_PARTS = ("_std", "_n", "_delta", "_p", "_p_holm", "_within_noise", "_tested", "_iqr", "_published", "_to_base",
          "_to_base_published")  # fmt: skip
_HEAD = 400


def recognises(path: Path) -> bool:
    """A JSON file that begins as a table of ours does."""
    return json_head(path, _HEAD).lstrip().startswith(b'{\n  "meta"') and b'"columns"' in read_bytes(path)


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its table. Raises `UserError` when it is damaged."""
    try:
        found = json.loads(read_text(path, most_bytes=DATA_BYTES))
        meta, rows = found["meta"], found["rows"]
        columns = tuple(_column(key, one, rows) for key, one in meta["columns"].items())
        cells = tuple(tuple(_cell(row.get(column.id), column) for column in columns) for row in rows)
        table = Table(str(meta.get("title", "")), columns, cells, tuple(map(str, meta.get("notes", ()))))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise user_error(f"not a table that archspec wrote ({error})", place=Place(str(path))) from error
    return Subject(
        name=table.title or path.stem,
        kind="table",
        path=path,
        plugins=plugins,
        sections=tuple(_sections(table)),
        commands=again("Make it again", meta.get("command")),
    )


def _column(key: str, about: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Column:
    values: list[Any] = [row[key] for row in rows if row.get(key) is not None]
    numbers = bool(values) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    whole = numbers and all(one == int(one) for one in values)
    kind = "integer" if whole else "number" if numbers else "text"
    digits = _decimals(max(abs(one) for one in values)) if numbers and not whole else None
    return Column(key, str(about.get("name", key)), str(about.get("unit", "")), kind, digits)  # type: ignore[arg-type]


def _decimals(largest: float) -> int:
    """Large numbers need no ten-thousandths."""
    return 1 if largest >= 1000 else 2 if largest >= 100 else 4


def _cell(value: Any, column: Column) -> Cell:
    return int(value) if column.kind == "integer" and value is not None else value


def _sections(table: Table) -> Iterator[Section]:
    ids = [column.id for column in table.columns]
    for index, column in enumerate(table.columns[1:], 1):
        if column.kind != "text" and not column.id.endswith(_PARTS):
            yield Section("bars", column.name, Bars(column.unit, tuple(_bars(table, ids, index)), _digits(column)))
    yield Section("table", "All numbers", Table("", table.columns, table.rows, table.notes))


def _bars(table: Table, ids: Sequence[str], index: int) -> Iterator[Bar]:
    metric = ids[index]
    base = _base(table)
    for place, row in enumerate(table.rows):
        cells = dict(zip(ids, row, strict=True))
        spread = _float(cells.get(f"{metric}_std"))
        iqr = _float(cells.get(f"{metric}_iqr"))
        delta = _float(cells.get(f"{metric}_delta"))
        notes = [_signed(delta)] if delta is not None else []
        notes += ["within noise"] if cells.get(f"{metric}_within_noise") is True else []
        notes += ["not tested"] if cells.get(f"{metric}_tested") is False else []
        published = _float(cells.get(f"{metric}_published"))
        notes += [f"published {published:g}"] if published is not None else []
        error = spread if spread is not None else iqr / 2 if iqr is not None else None
        yield Bar(str(row[0]), _float(row[index]), error, ", ".join(notes), place == base)


def _base(table: Table) -> int:
    """The row that the others are compared with: the one that differs in nothing; the first where none is."""
    deltas = [index for index, column in enumerate(table.columns) if column.id.endswith("_delta")]
    free = [place for place, row in enumerate(table.rows) if all(row[index] is None for index in deltas)]
    return free[0] if deltas and free else 0


def _signed(delta: float) -> str:
    text = number(delta)
    return text.replace("-", "−") if delta < 0 else f"+{text}"


def _digits(column: Column) -> int | None:
    return None if column.kind == "integer" else 3


def _float(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None
