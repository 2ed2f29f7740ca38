"""Sections of charts with two axes, curves and a scatter: they stretch with the page, their letters do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archspec.reporters._table import Column, Table
from archspec.reporters.page._markup import Attribute, Axis, Markup, axis_of, element, joined, number, script_data
from archspec.reporters.page._tables import table_of


def frame(
    inside: Sequence[Markup], across: Axis, up: Axis, name: str, height: int, description: str, **attributes: Attribute
) -> Markup:
    """`inside` lies in per cent of the frame; `name` stands below it. Without a `role` of its own it is a picture,
    described by `description`."""
    kind = attributes or {"role": "img"}
    chart = element(
        "svg",
        *_grid(across, up),
        *inside,
        class_="chart",
        width="100%",
        height=str(height),
        aria_label=description,
        **kind,
    )
    return element("div", chart, element("p", name, class_="axis-name"), class_="plot")


def _grid(across: Axis, up: Axis) -> list[Markup]:
    lines = []
    for tick in up.ticks:
        y = f"{100 - up.at(tick):.2f}%"
        lines.append(element("line", x1="0", x2="100%", y1=y, y2=y, class_="grid"))
        lines.append(element("text", up.label(tick), x="-8", y=y, dy="0.32em", text_anchor="end"))
    for index, tick in enumerate(across.ticks):
        x = f"{across.at(tick):.2f}%"
        minor = "minor" if index % 2 and len(across.ticks) > 4 else None
        lines.append(element("line", x1=x, x2=x, y1="0", y2="100%", class_="grid upright"))
        lines.append(element("text", across.label(tick), x=x, y="100%", dy="1.5em", text_anchor="middle", class_=minor))
    return [element("g", *lines, aria_hidden="true")]


CURVE_HEIGHT = 180


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


def curves_section(data: Curves, anchor: str) -> Markup:  # noqa: ARG001
    """Curves over steps: a small chart a quantity, each on its own axis."""
    return element("div", *(_curve(one, data.x) for one in data.curves if len(one.points) > 1), class_="curve-grid")


def _curve(curve: Curve, x: str) -> Markup:
    across = axis_of([point[0] for point in curve.points])
    up = axis_of([point[1] for point in curve.points], wanted=4)
    places = [(across.at(a), 100 - up.at(b)) for a, b in curve.points]
    line = element("polyline", points=" ".join(f"{a:.2f},{b:.2f}" for a, b in places), class_="curve",
                   vector_effect="non-scaling-stroke")  # fmt: skip
    inner = element("svg", line, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")
    dots = [element("circle", cx=f"{places[-1][0]:.2f}%", cy=f"{places[-1][1]:.2f}%", r="3.5", class_="last")]
    last = f"last {number(curve.points[-1][1])}"
    description = f"{curve.title}: {number(curve.points[0][1])} at {x} {number(curve.points[0][0])}, {last}"
    return element(
        "figure",
        element("figcaption", curve.title, element("span", last, class_="note")),
        frame((inner, *dots), across, up, x, CURVE_HEIGHT, description),
    )


SCATTER_HEIGHT = 380


@dataclass(frozen=True, slots=True)
class Objective:
    """A quantity; `better` says which end is better."""

    name: str
    unit: str
    better: str  # "low" or "high"
    digits: int | None = None

    @property
    def heading(self) -> str:
        """`latency (ms)`; a name that ends in its unit, such as `latency_ms`, needs no other."""
        named = self.name.endswith(f"_{self.unit}")
        return f"{self.name} ({self.unit})" if self.unit and not named else self.name


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate with its value for each objective; `front`: none is better in all; `target` an anchor on the page."""

    name: str
    values: tuple[float | None, ...]
    front: bool = False
    note: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Scatter:
    """The first objective goes across, the second up. Points without one of the two are only in the table."""

    objectives: tuple[Objective, ...]
    points: tuple[Point, ...]


def scatter_section(data: Scatter, anchor: str) -> Markup:
    """Two objectives against each other: every candidate a point, those that none beats joined as the front."""
    across, up = data.objectives[:2]
    shown = [point for point in data.points if _both(point) is not None]
    if not shown:
        return joined((element("p", "No candidate has both values.", class_="lead"), _candidates(data)))
    axes = axis_of([_pair(point)[0] for point in shown]), axis_of([_pair(point)[1] for point in shown])
    places = {id(point): (axes[0].at(_pair(point)[0]), 100 - axes[1].at(_pair(point)[1])) for point in shown}
    first = next((point for point in shown if point.front), shown[0])
    shown.sort(key=lambda one: (one.front, _pair(one)))  # the front is drawn last, over the others
    marks = [_mark(point, places[id(point)], data, point is first) for point in shown]
    steps = _front([places[id(point)] for point in shown if point.front], data)
    description = (
        f"{up.heading} against {across.heading}, {len(shown)} candidates, {sum(p.front for p in shown)} on the front"
    )
    key = element(
        "p",
        element("span", class_="dot on-front"), element("span", "front"),
        element("span", class_="dot"), element("span", "other candidates"),
        element("span", f"better: {across.name} {across.better}, {up.name} {up.better}", class_="note"),
        class_="key",
    )  # fmt: skip
    return joined((
        element("p", up.heading, class_="axis-name up"),
        frame((steps, *marks), *axes, across.heading, SCATTER_HEIGHT, description, role="group",
              data_points=f"{anchor}-tips"),
        script_data([[point.name, _tip_lines(point, data)] for point in shown], f"{anchor}-tips"),
        key,
        element("p", "Hover a point, or reach the chart with Tab and walk with the arrow keys; "
                     "Enter goes to its spec.", class_="hint"),
        _candidates(data),
    ))  # fmt: skip


def _both(point: Point) -> tuple[float, float] | None:
    first, second = point.values[:2]
    return None if first is None or second is None else (first, second)


def _pair(point: Point) -> tuple[float, float]:
    pair = _both(point)
    if pair is None:
        raise ValueError(f"{point.name} has no place")
    return pair


def _mark(point: Point, place: tuple[float, float], data: Scatter, first: bool) -> Markup:
    description = f"{point.name}: {'; '.join(_tip_lines(point, data))}"
    return element(
        "circle", cx=f"{place[0]:.2f}%", cy=f"{place[1]:.2f}%", r="6" if point.front else "4",
        class_="point on-front" if point.front else "point", role="img", aria_label=description,
        tabindex=0 if first else -1, data_target=point.target or None,
    )  # fmt: skip


def _tip_lines(point: Point, data: Scatter) -> list[str]:
    """What the tip says of a point, line by line."""
    values = [
        f"{one.name} {number(value, one.digits)}{f' {one.unit}' if one.unit else ''}"
        for one, value in zip(data.objectives, point.values, strict=True)
    ]
    return [*values, *([point.note] if point.note else []), *(["on the front"] if point.front else [])]


def _front(places: list[tuple[float, float]], data: Scatter) -> Markup:
    """Steps through the front's points: what lies behind them is beaten."""
    ordered = sorted(set(places))
    lower_first = data.objectives[0].better == "low"
    points: list[tuple[float, float]] = []
    for place in ordered:
        if points:
            before = points[-1]
            points.append((place[0], before[1]) if lower_first else (before[0], place[1]))
        points.append(place)
    line = element("polyline", points=" ".join(f"{x:.2f},{y:.2f}" for x, y in points), class_="front",
                   vector_effect="non-scaling-stroke")  # fmt: skip
    return element("svg", line, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")


def _candidates(data: Scatter) -> Markup:
    columns = (
        Column("name", "candidate"),
        *(Column(f"o{index}", one.name, one.unit, "number", one.digits) for index, one in enumerate(data.objectives)),
        Column("front", "front"),
        Column("note", "about"),
    )
    rows = tuple((one.name, *one.values, "front" if one.front else "", one.note) for one in data.points)
    table = table_of(Table("", columns, rows), "All candidates")
    return element("details", element("summary", f"All {len(rows)} candidates as a table"), table, class_="all")
