"""Curves over steps: a small chart a quantity, each on its own axis."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._axis import axis_of, number
from archspec.reporters.page._markup import Markup, element
from archspec.reporters.page._plot import frame

HEIGHT = 180


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` are `(x, y)`; `title` with its unit heads it."""

    title: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Several over the same `x`."""

    x: str
    curves: tuple[Curve, ...]


EXAMPLES = (
    Curves(
        "step",
        (
            Curve("loss", ((10, 1.9), (20, 1.2), (30, 1.0))),
            Curve("val mIoU (%)", ((20, 12.0), (30, 14.0))),
            Curve("too short", ((30, 1.0),)),
        ),
    ),
)


def render(data: Curves, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """A figure a curve."""
    return element("div", *(_figure(one, data.x) for one in data.curves if len(one.points) > 1), class_="curve-grid")


def _figure(curve: Curve, x: str) -> Markup:
    across = axis_of([point[0] for point in curve.points])
    up = axis_of([point[1] for point in curve.points], wanted=4)
    places = [(across.at(a), 100 - up.at(b)) for a, b in curve.points]
    line = element("polyline", points=" ".join(f"{a:.2f},{b:.2f}" for a, b in places), class_="curve",
                   vector_effect="non-scaling-stroke")  # fmt: skip
    inner = element("svg", line, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")
    dots = [element("circle", cx=f"{places[-1][0]:.2f}%", cy=f"{places[-1][1]:.2f}%", r="3.5", class_="last")]
    last = f"last {number(curve.points[-1][1])}"
    said = f"{curve.title}: {number(curve.points[0][1])} at {x} {number(curve.points[0][0])}, {last}"
    return element(
        "figure",
        element("figcaption", curve.title, element("span", last, class_="note")),
        frame((inner, *dots), across, up, x, HEIGHT, said),
    )
