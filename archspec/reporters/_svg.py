"""Charts as SVG text: bars written by hand, which need no library, and scatters drawn with matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, NAME_WIDTH, VALUE_WIDTH, ROW, BAR, TOP = 960, 380, 230, 22, 14, 56
CHARACTER = 6.6  # px, of the monospaced 11 px names
SHOWN = 60
FILL, REST_FILL, TEXT, FAINT = "#2a6f97", "#9aa5ad", "#1d2730", "#5b6770"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, and what is written behind it."""

    name: str
    value: float
    label: str


def bar_chart(title: str, bars: Sequence[Bar], notes: Sequence[str] = ()) -> str:
    """Horizontal bars in the order given, the longest as wide as there is room; at most `SHOWN`, the rest in one.

    The text ends in a newline and is the same for the same bars.
    """
    shown = _longest(bars)
    longest = max((bar.value for bar in shown), default=0.0) or 1.0
    height = TOP + ROW * len(shown) + 18 * len(notes) + 20
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'role="img" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">'
        ),
        f"<title>{escape(title, quote=False)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="30" font-size="16" fill="{TEXT}">{escape(title, quote=False)}</text>',
    ]
    for number, bar in enumerate(shown):
        lines += _bar_lines(bar, TOP + ROW * number, longest, REST_FILL if number >= SHOWN else FILL)
    foot = TOP + ROW * len(shown) + 18
    lines += [
        f'<text x="16" y="{foot + 18 * number}" fill="{FAINT}">{escape(note, quote=False)}</text>'
        for number, note in enumerate(notes)
    ]
    return "\n".join((*lines, "</svg>")) + "\n"


def _longest(bars: Sequence[Bar]) -> list[Bar]:
    if len(bars) <= SHOWN + 1:
        return list(bars)
    longest = sorted(range(len(bars)), key=lambda index: -bars[index].value)[:SHOWN]
    rest = [bar.value for index, bar in enumerate(bars) if index not in set(longest)]
    return [*(bars[index] for index in sorted(longest)), Bar(f"{len(rest)} more", sum(rest), f"{sum(rest):.3f}")]


def _bar_lines(bar: Bar, top: int, longest: float, fill: str) -> list[str]:
    start = 16 + NAME_WIDTH
    length = (WIDTH - start - VALUE_WIDTH) * max(bar.value, 0.0) / longest
    base = top + BAR - 3
    name = escape(_shortened(bar.name), quote=False)
    return [
        f'<text x="{start - 8}" y="{base}" text-anchor="end" fill="{TEXT}">{name}</text>',
        f'<rect x="{start}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{fill}"/>',
        f'<text x="{start + length + 6:.1f}" y="{base}" fill="{FAINT}">{escape(bar.label, quote=False)}</text>',
    ]


def _shortened(name: str) -> str:
    room = int((NAME_WIDTH - 8) / CHARACTER)
    return name if len(name) <= room else f"{name[: room // 2 - 1]}…{name[-(room - room // 2) :]}"


Look = Literal["cloud", "front", "beside", "random"]
COLOURS: dict[Look, str] = {"cloud": "#9aa5ad", "front": "#2a6f97", "beside": "#c8553d", "random": "#8a6d1f"}
MARKERS: dict[Look, str] = {"cloud": ".", "front": "o", "beside": "D", "random": "x"}
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
