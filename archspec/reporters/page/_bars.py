"""Sections of one line for each thing: bars with their error, and distributions with every raw sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from archspec.reporters.page._markup import Axis, Markup, axis_of, element, number


@dataclass(frozen=True, slots=True)
class Bar:
    """`error` is a standard deviation (None: of one run); `note` stands behind the number; `strong` is the base."""

    name: str
    value: float | None
    error: float | None = None
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one `unit`, numbers with `digits` decimals."""

    unit: str
    bars: tuple[Bar, ...]
    digits: int | None = None


def bars_section(data: Bars, anchor: str) -> Markup:  # noqa: ARG001
    """Bars with error bars: a name, a bar from zero, a whisker for the spread, the number in words."""
    ends = [one.value + side * (one.error or 0.0) for one in data.bars if one.value is not None for side in (-1, 1)]
    axis = axis_of(ends, from_zero=True)
    rows = (
        element(
            "li",
            element("span", one.name, class_="name"),
            _bar_track(one, axis.at, axis.at(0.0)),
            element("span", _bar_label(one, data), element("span", f" {one.note}", class_="note") if one.note else None,
                    class_="amount"),
            class_="strong" if one.strong else None,
        )
        for one in data.bars
    )  # fmt: skip
    return element("ul", *rows, class_="bar-list")


def _bar_label(one: Bar, data: Bars) -> str:
    error = "" if one.error is None or one.value is None else f" ± {number(one.error, data.digits)}"
    unit = f" {data.unit}" if data.unit and one.value is not None else ""
    return f"{number(one.value, data.digits)}{error}{unit}"


def _bar_track(one: Bar, at: object, zero: float) -> Markup:
    if one.value is None or not callable(at):
        return element("span", class_="track")
    start, end = sorted((zero, at(one.value)))
    parts = [element("rect", x=f"{start:.2f}%", y="25%", width=f"{end - start:.2f}%", height="50%", class_="bar")]
    if one.error:
        low, high = at(one.value - one.error), at(one.value + one.error)
        parts.append(_whisker(low, high, 50, 50))
        parts += [_whisker(x, x, 30, 70) for x in (low, high)]
    return element("svg", *parts, class_="track", aria_hidden="true", width="100%", height="24")


def _whisker(x1: float, x2: float, y1: float, y2: float) -> Markup:
    return element("line", x1=f"{x1:.2f}%", x2=f"{x2:.2f}%", y1=f"{y1}%", y2=f"{y2}%", class_="whisker")


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


def distributions_section(data: Distributions, anchor: str) -> Markup:  # noqa: ARG001
    """Every raw sample as a stroke, a box from quartile to quartile around the median, a violin behind."""
    axis = axis_of([value for one in data.items for value in one.samples])
    rows = [
        element(
            "li",
            element("span", one.name, element("span", one.note, class_="note") if one.note else None, class_="name"),
            _sample_track(one, axis),
            element("span", _sample_label(one, data.unit), class_="amount"),
        )
        for one in data.items
    ]
    return element("ul", *rows, _scale(axis, data.unit), class_="bar-list spread")


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """The values below which a quarter, half and three quarters of the samples lie, linear between neighbours."""
    from statistics import quantiles

    first, middle, third = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else [*samples] * 3
    return first, middle, third


def _sample_label(one: Samples, unit: str) -> Markup:
    first, middle, third = quartiles(one.samples)
    spread = f"quartiles {number(first)} to {number(third)}, {len(one.samples)} runs"
    return element("span", f"{number(middle)} {unit}", element("span", spread, class_="note"))


def _sample_track(one: Samples, axis: Axis) -> Markup:
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
        element("text", axis.label(tick), x=f"{axis.at(tick):.2f}%", y="14", text_anchor=_anchor(axis.at(tick)))
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
