"""The frame of a chart with two axes: it stretches with the page, its letters do not."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.reporters.page._axis import Axis
from archspec.reporters.page._markup import Attribute, Markup, element


def frame(
    inside: Sequence[Markup], across: Axis, up: Axis, name: str, height: int, said: str, **attributes: Attribute
) -> Markup:
    """`inside` lies in per cent of the frame; `name` stands below it. Without a `role` of its own it is a picture,
    told as `said`."""
    kind = attributes or {"role": "img"}
    chart = element(
        "svg", *_grid(across, up), *inside, class_="chart", width="100%", height=str(height), aria_label=said, **kind
    )
    return element("div", chart, element("p", name, class_="axis-name"), class_="plot")


def _grid(across: Axis, up: Axis) -> list[Markup]:
    lines = []
    for tick in up.ticks:
        y = f"{100 - up.at(tick):.2f}%"
        lines.append(element("line", x1="0", x2="100%", y1=y, y2=y, class_="grid"))
        lines.append(element("text", up.said(tick), x="-8", y=y, dy="0.32em", text_anchor="end"))
    for index, tick in enumerate(across.ticks):
        x = f"{across.at(tick):.2f}%"
        minor = "minor" if index % 2 and len(across.ticks) > 4 else None
        lines.append(element("line", x1=x, x2=x, y1="0", y2="100%", class_="grid upright"))
        lines.append(element("text", across.said(tick), x=x, y="100%", dy="1.5em", text_anchor="middle", class_=minor))
    return [element("g", *lines, aria_hidden="true")]
