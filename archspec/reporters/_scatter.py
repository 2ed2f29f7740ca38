"""Points of two numbers each as an SVG drawn with matplotlib: a cloud, a front with its names, error bars."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Look = Literal["cloud", "front", "beside"]
COLOURS: dict[Look, str] = {"cloud": "#9aa5ad", "front": "#2a6f97", "beside": "#c8553d"}
MARKERS: dict[Look, str] = {"cloud": ".", "front": "o", "beside": "D"}
PANEL_INCHES = (6.4, 4.8)
NAMED = 12  # more names than that cover each other


@dataclass(frozen=True, slots=True)
class Spot:
    """One point; `name` is written beside it, `x_error` and `y_error` are drawn where they are not 0."""

    x: float
    y: float
    name: str = ""
    x_error: float = 0.0
    y_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """Points that look alike, under one name in the legend; joined by steps where `steps` says how (as matplotlib's
    `steps-post`: first along, then up)."""

    name: str
    look: Look
    spots: tuple[Spot, ...]
    steps: Literal["", "post", "pre"] = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...] = field(default=())


def scatter_svg(panels: Sequence[Panel], title: str = "") -> str:
    """The panels side by side, as SVG text that is the same for the same points and version of matplotlib."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    width, height = PANEL_INCHES
    with rc_context({"svg.hashsalt": "archspec", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(width * len(panels), height), layout="constrained")
        FigureCanvasSVG(figure)
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw(axes, panel)
        if title:
            figure.suptitle(_literal(title), x=0.01, ha="left", fontsize=11)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return re.sub(r"[ \t]+$", "", text.getvalue(), flags=re.MULTILINE)


def _draw(axes: Axes, panel: Panel) -> None:
    for series in panel.series:
        _series(axes, series)
    axes.set_title(_literal(panel.title), loc="left", fontsize=10)
    axes.set_xlabel(_literal(panel.x_name))
    axes.set_ylabel(_literal(panel.y_name))
    axes.grid(True, color="#e6eaed", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.1)
    if any(series.spots for series in panel.series):
        axes.legend(loc="best", frameon=False)


def _series(axes: Axes, series: Series) -> None:
    if not series.spots:
        return
    colour = COLOURS[series.look]
    if series.steps:
        steps: Any = f"steps-{series.steps}"
        points = sorted((spot.x, spot.y) for spot in series.spots)
        axes.plot(*zip(*points, strict=True), drawstyle=steps, color=colour, linewidth=1, alpha=0.5, zorder=2)
    axes.errorbar(
        [spot.x for spot in series.spots],
        [spot.y for spot in series.spots],
        xerr=_errors([spot.x_error for spot in series.spots]),
        yerr=_errors([spot.y_error for spot in series.spots]),
        fmt=MARKERS[series.look], color=colour, ecolor=colour, elinewidth=0.8, capsize=2, label=_literal(series.name),
        markersize=6 if series.look == "cloud" else 5, zorder=1 if series.look == "cloud" else 3,
    )  # fmt: skip
    if sum(bool(spot.name) for spot in series.spots) <= NAMED:
        for spot in series.spots:
            axes.annotate(
                _literal(spot.name), (spot.x, spot.y), xytext=(5, 4), textcoords="offset points", fontsize=7.5,
                color=colour,
            )  # fmt: skip


def _errors(errors: list[float]) -> list[float] | None:
    return errors if any(errors) else None


def _literal(text: str) -> str:
    """Text with no mathematics in it."""
    return text.replace("$", r"\$")
