"""Bars with error bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.reporters.figures._drawing import BLUE, PALE

if TYPE_CHECKING:
    from archspec.reporters.page.sections.bars import Bars


def draw(data: Bars, figure: Any) -> None:
    """One bar a line, the first at the top."""
    bars = [one for one in data.bars if one.value is not None]
    figure.set_size_inches(4.6, 0.6 + 0.24 * max(1, len(bars)))
    axes = figure.subplots()
    places = list(range(len(bars)))
    axes.barh(places, [one.value for one in bars], height=0.6, color=[BLUE if one.strong else PALE for one in bars])
    for place, one in zip(places, bars, strict=True):
        if one.error:
            axes.errorbar([one.value], [place], xerr=[one.error], color="#171b21", linewidth=0.8, capsize=2)
    axes.set_yticks(places, [one.name for one in bars])
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(data.unit)
