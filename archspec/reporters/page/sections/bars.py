"""Bars with error bars: a name, a bar from zero, a whisker for the spread, the number in words."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._axis import axis_of, number
from archspec.reporters.page._markup import Markup, element


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


EXAMPLES = (
    Bars("ms", (Bar("base", 12.5, 0.5, "", True), Bar("wider", 20.25, None, "+7.75"), Bar("failed", None)), 2),
    Bars("", (Bar("below zero", -1.0, 0.5),)),
)


def render(data: Bars, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """One line a bar."""
    ends = [one.value + side * (one.error or 0.0) for one in data.bars if one.value is not None for side in (-1, 1)]
    axis = axis_of(ends, from_zero=True)
    rows = (
        element(
            "li",
            element("span", one.name, class_="name"),
            _track(one, axis.at, axis.at(0.0)),
            element("span", _said(one, data), element("span", f" {one.note}", class_="note") if one.note else None,
                    class_="amount"),
            class_="strong" if one.strong else None,
        )
        for one in data.bars
    )  # fmt: skip
    return element("ul", *rows, class_="bar-list")


def _said(one: Bar, data: Bars) -> str:
    error = "" if one.error is None or one.value is None else f" ± {number(one.error, data.digits)}"
    unit = f" {data.unit}" if data.unit and one.value is not None else ""
    return f"{number(one.value, data.digits)}{error}{unit}"


def _track(one: Bar, at: object, zero: float) -> Markup:
    if one.value is None or not callable(at):
        return element("span", class_="track")
    start, end = sorted((zero, at(one.value)))
    parts = [element("rect", x=f"{start:.2f}%", y="25%", width=f"{end - start:.2f}%", height="50%", class_="bar")]
    if one.error:
        low, high = at(one.value - one.error), at(one.value + one.error)
        parts.append(_line(low, high, 50, 50))
        parts += [_line(x, x, 30, 70) for x in (low, high)]
    return element("svg", *parts, class_="track", aria_hidden="true", width="100%", height="24")


def _line(x1: float, x2: float, y1: float, y2: float) -> Markup:
    return element("line", x1=f"{x1:.2f}%", x2=f"{x2:.2f}%", y1=f"{y1}%", y2=f"{y2}%", class_="whisker")
