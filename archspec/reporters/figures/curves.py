"""Curves over steps, one chart a quantity, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.reporters.figures._drawing import BLUE

if TYPE_CHECKING:
    from archspec.reporters.page.sections.curves import Curves


def draw(data: Curves, figure: Any) -> None:
    """Each on its own axis."""
    count = max(1, len(data.curves))
    figure.set_size_inches(2.6 * count, 2.0)
    for axes, curve in zip(figure.subplots(1, count, squeeze=False)[0], data.curves, strict=False):
        axes.plot([x for x, _ in curve.points], [y for _, y in curve.points], color=BLUE, linewidth=1.0,
                  marker="." if len(curve.points) < 30 else None)  # fmt: skip
        axes.set_title(curve.title, fontsize=8)
        axes.set_xlabel(data.x)
        axes.grid(visible=True)
