"""Two objectives against each other, the front in colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.reporters.figures._drawing import BLUE, GREY

if TYPE_CHECKING:
    from archspec.reporters.page.sections.scatter import Scatter


def draw(data: Scatter, figure: Any) -> None:
    """Points, and steps through those on the front."""
    figure.set_size_inches(4.2, 3.0)
    axes = figure.subplots()
    across, up = data.objectives[:2]
    for front, colour, size in ((False, GREY, 10), (True, BLUE, 22)):
        pairs = [(x, y) for one in data.points if one.front is front for x, y in (one.values[:2],)
                 if x is not None and y is not None]  # fmt: skip
        axes.scatter([x for x, _ in pairs], [y for _, y in pairs], s=size, c=colour, linewidths=0, zorder=2 + front,
                     alpha=1.0 if front else 0.5, label="front" if front else "other candidates")  # fmt: skip
        if front and pairs:
            pairs.sort()
            where = "post" if across.better == "low" else "pre"
            axes.step([x for x, _ in pairs], [y for _, y in pairs], where=where, color=BLUE, linewidth=0.8, alpha=0.6)
    axes.set_xlabel(across.heading)
    axes.set_ylabel(up.heading)
    axes.grid(visible=True)
    axes.legend(loc="best")
