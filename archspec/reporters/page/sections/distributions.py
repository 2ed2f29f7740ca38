"""Distributions: every raw sample as a stroke, a box from quartile to quartile around the median, a violin behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from archspec.reporters.page._axis import Axis, axis_of, number
from archspec.reporters.page._markup import Markup, element

POINTS = 64  # of a violin's outline
SHOWN = 400  # samples that get a stroke


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw samples of one thing; `note` stands below its name."""

    name: str
    samples: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Distributions:
    """Several on one axis, in `unit`."""

    unit: str
    items: tuple[Samples, ...]


EXAMPLES = (
    Distributions("ms", (Samples("a", (7.4, 7.3, 7.35, 8.05, 12.0), "noisy"), Samples("b", (3.0,)))),
    Distributions("ms", (Samples("always the same", (5.0, 5.0, 5.0)),)),
)


def render(data: Distributions, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """One line a thing and the axis below."""
    axis = axis_of([value for one in data.items for value in one.samples])
    rows = [
        element(
            "li",
            element("span", one.name, element("span", one.note, class_="note") if one.note else None, class_="name"),
            _track(one, axis),
            element("span", _said(one, data.unit), class_="amount"),
        )
        for one in data.items
    ]
    return element("ul", *rows, _scale(axis, data.unit), class_="bar-list spread")


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """The values below which a quarter, half and three quarters of the samples lie, linear between neighbours."""
    ordered = sorted(samples)
    return _at(ordered, 0.25), _at(ordered, 0.5), _at(ordered, 0.75)


def _at(ordered: Sequence[float], share: float) -> float:
    position = (len(ordered) - 1) * share
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def _said(one: Samples, unit: str) -> Markup:
    first, middle, third = quartiles(one.samples)
    spread = f"quartiles {number(first)} to {number(third)}, {len(one.samples)} runs"
    return element("span", f"{number(middle)} {unit}", element("span", spread, class_="note"))


def _track(one: Samples, axis: Axis) -> Markup:
    first, middle, third = (axis.at(value) for value in quartiles(one.samples))
    strokes = (
        element("line", x1=f"{axis.at(value):.2f}%", x2=f"{axis.at(value):.2f}%", y1="68%", y2="92%", class_="stroke")
        for value in sorted(one.samples)[:: max(1, len(one.samples) // SHOWN)]
    )
    box = element(
        "rect", x=f"{first:.2f}%", width=f"{max(third - first, 0.3):.2f}%", y="26%", height="24%", class_="box"
    )
    line = element("line", x1=f"{middle:.2f}%", x2=f"{middle:.2f}%", y1="20%", y2="56%", class_="median")
    return element(
        "svg", _violin(one.samples, axis), box, line, *strokes, class_="track", aria_hidden="true", width="100%",
        height="56",
    )  # fmt: skip


def _violin(samples: Sequence[float], axis: Axis) -> Markup | None:
    """A Gaussian estimate of the density (Silverman's width); none where all samples are one."""
    count = len(samples)
    mean = math.fsum(samples) / count
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in samples) / count)
    first, _, third = quartiles(samples)
    width = 0.9 * min(std, (third - first) / 1.34 or std) * count**-0.2
    if not width > 0:
        return None
    places = [axis.low + (axis.high - axis.low) * index / (POINTS - 1) for index in range(POINTS)]
    heights = [math.fsum(math.exp(-0.5 * ((place - value) / width) ** 2) for value in samples) for place in places]
    tallest = max(heights) or 1.0
    pairs = list(zip(places, heights, strict=True))
    above = [f"{axis.at(place):.1f},{38 - 30 * height / tallest:.1f}" for place, height in pairs]
    below = [f"{axis.at(place):.1f},{38 + 30 * height / tallest:.1f}" for place, height in pairs]
    shape = element("polygon", points=" ".join([*above, *reversed(below)]), class_="violin")
    return element("svg", shape, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")


def _scale(axis: Axis, unit: str) -> Markup:
    ticks = [
        element("text", axis.said(tick), x=f"{axis.at(tick):.2f}%", y="14", text_anchor=_anchor(axis.at(tick)))
        for tick in axis.ticks
    ]
    marks = [
        element("line", x1=f"{axis.at(tick):.2f}%", x2=f"{axis.at(tick):.2f}%", y1="0", y2="4", class_="tick")
        for tick in axis.ticks
    ]
    return element(
        "li",
        element("span", class_="name"),
        element("svg", *marks, *ticks, class_="track scale", aria_hidden="true", width="100%", height="20"),
        element("span", unit, class_="amount note"),
        class_="axis-row",
        aria_hidden="true",
    )


def _anchor(place: float) -> str:
    return "start" if place < 2 else "end" if place > 98 else "middle"
