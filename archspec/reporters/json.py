"""One JSON object: `rows` lists objects keyed by column id, `meta` has the title, the columns' units and the notes.

`meta` also has the command that made the table, where a command did.
"""

from __future__ import annotations

import json
import math
from typing import Any

from archspec.reporters._table import Cell, Table


def render(table: Table) -> str:
    """Numbers are whole and plain; a missing cell, NaN or infinity is null, for JSON has no other word for it."""
    meta: dict[str, Any] = {
        "title": table.title,
        "columns": {column.id: {"name": column.name, "unit": column.unit} for column in table.columns},
        "notes": list(table.notes),
    }
    if table.command:
        meta["command"] = table.command
    rows = [{key: _value(cell) for key, cell in row.items()} for row in table.objects()]
    return json.dumps({"meta": meta, "rows": rows}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _value(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return float(cell) if math.isfinite(cell) else None
    return cell
