"""Raw samples as strokes under a box and a violin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.reporters.figures._drawing import BLUE, GREY, PALE

if TYPE_CHECKING:
    from archspec.reporters.page.sections.distributions import Distributions


def draw(data: Distributions, figure: Any) -> None:
    """One line a thing, the first at the top."""
    figure.set_size_inches(4.6, 0.7 + 0.5 * len(data.items))
    axes = figure.subplots()
    for place, one in enumerate(data.items):
        if max(one.samples) > min(one.samples):
            violin = axes.violinplot([list(one.samples)], [place], orientation="horizontal", widths=0.8,
                                     showextrema=False)  # fmt: skip
            for body in violin["bodies"]:
                body.set(facecolor=PALE, alpha=0.6, linewidth=0)
        axes.boxplot([list(one.samples)], positions=[place], orientation="horizontal", widths=0.2, showfliers=False,
                     whis=(5, 95), boxprops={"color": BLUE}, medianprops={"color": BLUE, "linewidth": 1.6},
                     whiskerprops={"color": BLUE}, capprops={"color": BLUE})  # fmt: skip
        axes.plot(one.samples, [place + 0.32] * len(one.samples), "|", color=GREY, markersize=4, alpha=0.6)
    axes.set_yticks(range(len(data.items)), [one.name for one in data.items])
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(data.unit)
