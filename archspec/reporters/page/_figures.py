"""Charts of a page as figures for papers, drawn with matplotlib: SVG and PNG, the same bytes for the same data."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.reporters.page._bars import Bars, Distributions
    from archspec.reporters.page._plots import Curves, Scatter
    from archspec.reporters.page._tables import HeatMap

SETTINGS = {
    "svg.hashsalt": "archspec",  # names in the file do not change from run to run
    "svg.fonttype": "none",  # text stays text
    "font.size": 8,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar in a name is a dollar
}
DPI = 200
BLUE, PALE, GREY = "#1456c4", "#b9cdf0", "#6d7885"


def drawable() -> tuple[str, ...]:
    """The kinds of sections that there are figures of."""
    return tuple(_DRAWINGS)


def figure_files(kind: str, data: Any) -> dict[str, bytes]:
    """`{"svg": ..., "png": ...}` of one section's data. `kind` is one of `drawable()`."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        _DRAWINGS[kind](data, figure)
        return {
            "svg": _saved(figure, format="svg", metadata={"Date": None, "Creator": None}),
            "png": _saved(figure, format="png", dpi=DPI, metadata={"Software": None}),
        }


def _saved(figure: Any, **how: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, **how)
    return stream.getvalue()


def _bars(data: Bars, figure: Any) -> None:
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


def _curves(data: Curves, figure: Any) -> None:
    count = max(1, len(data.curves))
    figure.set_size_inches(2.6 * count, 2.0)
    for axes, curve in zip(figure.subplots(1, count, squeeze=False)[0], data.curves, strict=False):
        axes.plot([x for x, _ in curve.points], [y for _, y in curve.points], color=BLUE, linewidth=1.0,
                  marker="." if len(curve.points) < 30 else None)  # fmt: skip
        axes.set_title(curve.title, fontsize=8)
        axes.set_xlabel(data.x)
        axes.grid(visible=True)


def _distributions(data: Distributions, figure: Any) -> None:
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


def _heat_map(data: HeatMap, figure: Any) -> None:
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


def _scatter(data: Scatter, figure: Any) -> None:
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


_DRAWINGS: dict[str, Callable[[Any, Any], None]] = {
    "bars": _bars,
    "curves": _curves,
    "distributions": _distributions,
    "heat_map": _heat_map,
    "scatter": _scatter,
}
