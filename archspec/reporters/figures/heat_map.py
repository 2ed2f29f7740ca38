"""A heat map with its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.reporters.page.sections.heat_map import HeatMap


def draw(data: HeatMap, figure: Any) -> None:
    """Rows down, columns across."""
    figure.set_size_inches(1.8 + 0.7 * max(1, len(data.columns)), 0.7 + 0.2 * max(1, len(data.rows)))
    axes = figure.subplots()
    values = [[math.nan if value is None else value for value in row] for row in data.values]
    picture = axes.imshow(values, cmap="Blues", vmin=data.low, vmax=data.high, aspect="auto")
    middle = (data.low + data.high) / 2
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if not math.isnan(value):
                axes.text(column, row, f"{value:.{data.digits}f}", ha="center", va="center", fontsize=7,
                          color="white" if value > middle + (data.high - middle) / 4 else "#171b21")  # fmt: skip
    axes.set_xticks(range(len(data.columns)), data.columns, rotation=0 if len(data.columns) < 3 else 30)
    axes.set_yticks(range(len(data.rows)), data.rows)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(picture, ax=axes, label=data.unit)
