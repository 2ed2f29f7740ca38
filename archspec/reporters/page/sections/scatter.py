"""Two objectives against each other: every candidate a point, those that none beats joined as the front."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters._table import Column, Table
from archspec.reporters.page._axis import axis_of, number
from archspec.reporters.page._markup import Markup, element, joined, script_data
from archspec.reporters.page._plot import frame
from archspec.reporters.page.sections.table import table_of

HEIGHT = 380


@dataclass(frozen=True, slots=True)
class Objective:
    """A quantity; `better` is the end that is wished for."""

    name: str
    unit: str
    better: str  # "low" or "high"
    digits: int | None = None

    @property
    def heading(self) -> str:
        """`latency (ms)`; a name that ends in its unit, such as `latency_ms`, needs no other."""
        told = self.name.endswith(f"_{self.unit}")
        return f"{self.name} ({self.unit})" if self.unit and not told else self.name


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


EXAMPLES = (
    Scatter(
        (Objective("latency", "ms", "low", 2), Objective("val mIoU", "%", "high", 1)),
        (Point("a", (5.0, 60.0), True, "width 0.5", "spec-a"), Point("b", (9.0, 58.0)), Point("c", (9.0, None))),
    ),
)


def render(data: Scatter, anchor: str) -> Markup:
    """The chart, how to use it, and all candidates as a table."""
    across, up = data.objectives[:2]
    shown = [point for point in data.points if _both(point) is not None]
    if not shown:
        return joined((element("p", "No candidate has both values.", class_="lead"), _table(data)))
    axes = axis_of([_pair(point)[0] for point in shown]), axis_of([_pair(point)[1] for point in shown])
    places = {id(point): (axes[0].at(_pair(point)[0]), 100 - axes[1].at(_pair(point)[1])) for point in shown}
    first = next((point for point in shown if point.front), shown[0])
    shown.sort(key=lambda one: (one.front, _pair(one)))  # the front is drawn last, over the others
    marks = [_mark(point, places[id(point)], data, point is first) for point in shown]
    steps = _front([places[id(point)] for point in shown if point.front], data)
    said = f"{up.heading} against {across.heading}, {len(shown)} candidates, {sum(p.front for p in shown)} on the front"
    key = element(
        "p",
        element("span", class_="dot on-front"), element("span", "front"),
        element("span", class_="dot"), element("span", "other candidates"),
        element("span", f"better: {across.name} {across.better}, {up.name} {up.better}", class_="note"),
        class_="key",
    )  # fmt: skip
    return joined((
        element("p", up.heading, class_="axis-name up"),
        frame((steps, *marks), *axes, across.heading, HEIGHT, said, role="group", data_points=f"{anchor}-tips"),
        script_data([[point.name, _said(point, data)] for point in shown], f"{anchor}-tips"),
        key,
        element("p", "Hover a point, or reach the chart with Tab and walk with the arrow keys; "
                     "Enter goes to its spec.", class_="hint"),
        _table(data),
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
    said = f"{point.name}: {'; '.join(_said(point, data))}"
    return element(
        "circle", cx=f"{place[0]:.2f}%", cy=f"{place[1]:.2f}%", r="6" if point.front else "4",
        class_="point on-front" if point.front else "point", role="img", aria_label=said, tabindex=0 if first else -1,
        data_target=point.target or None,
    )  # fmt: skip


def _said(point: Point, data: Scatter) -> list[str]:
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


def _table(data: Scatter) -> Markup:
    columns = (
        Column("name", "candidate"),
        *(Column(f"o{index}", one.name, one.unit, "number", one.digits) for index, one in enumerate(data.objectives)),
        Column("front", "front"),
        Column("note", "about"),
    )
    rows = tuple((one.name, *one.values, "front" if one.front else "", one.note) for one in data.points)
    table = table_of(Table("", columns, rows), "All candidates")
    return element("details", element("summary", f"All {len(rows)} candidates as a table"), table, class_="all")
