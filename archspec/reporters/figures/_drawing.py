"""One section's data to the bytes of an SVG and a PNG file."""

from __future__ import annotations

import importlib
import io
from functools import cache
from pathlib import Path
from typing import Any

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


@cache
def drawable() -> tuple[str, ...]:
    """The kinds of sections that there are figures of: the files of this folder."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_")))


def figure_files(kind: str, data: Any) -> dict[str, bytes]:
    """`{"svg": ..., "png": ...}` of one section's data. `kind` is one of `drawable()`."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    module = importlib.import_module(f"archspec.reporters.figures.{kind}")
    with mpl.rc_context(SETTINGS):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        module.draw(data, figure)
        return {
            "svg": _saved(figure, format="svg", metadata={"Date": None, "Creator": None}),
            "png": _saved(figure, format="png", dpi=DPI, metadata={"Software": None}),
        }


def _saved(figure: Any, **how: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, **how)
    return stream.getvalue()
