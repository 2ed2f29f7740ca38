"""A table as a pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.reporters._table import Table

if TYPE_CHECKING:
    import pandas as pd


def to_frame(table: Table) -> pd.DataFrame:
    """One column a column, by its id, numbers whole, nothing as NaN or None; `attrs` hold title, units and notes."""
    import pandas as pd

    frame = pd.DataFrame(list(table.rows), columns=[column.id for column in table.columns])
    frame.attrs = {
        "title": table.title,
        "units": {column.id: column.unit for column in table.columns if column.unit},
        "notes": list(table.notes),
    }
    return frame
