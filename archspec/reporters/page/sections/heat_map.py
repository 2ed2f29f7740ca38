"""A heat map that is a table: rows such as classes, columns such as networks, colours for the numbers in it."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._axis import number
from archspec.reporters.page._markup import Markup, element, joined

STEPS = 10


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`values[row][column]`, None where there is none; colours go from `low` to `high`. `swatches` are the rows' own
    colours (such as `#804080`), if they have any."""

    heading: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    low: float = 0.0
    high: float = 100.0
    unit: str = "%"
    digits: int = 1
    swatches: tuple[str, ...] = ()


EXAMPLES = (
    HeatMap("class", ("road", "car"), ("a", "b"), ((91.2, None), (3.0, 55.5)), swatches=("#804080", "#00008e")),
)


def render(data: HeatMap, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """The table and a key to its colours."""
    head = element("tr", element("th", data.heading, scope="col"), *(
        element("th", name, element("span", f" {data.unit}", class_="unit"), scope="col", class_="number")
        for name in data.columns
    ))  # fmt: skip
    rows = (
        element("tr", element("th", _swatch(data, index), name, scope="row"), *(
            element("td", number(value, data.digits), class_=f"heat {_step(value, data)}") for value in values
        ))
        for index, (name, values) in enumerate(zip(data.rows, data.values, strict=True))
    )  # fmt: skip
    table = element("table", element("thead", head), element("tbody", *rows), class_="heat-table")
    ramp = (element("span", class_=f"cell h{step}") for step in range(STEPS + 1))
    ends = (f"{number(data.low)} {data.unit}", f"{number(data.high)} {data.unit}")
    key = element("p", element("span", ends[0]), element("span", *ramp, class_="ramp", aria_hidden="true"),
                  element("span", ends[1]), class_="key")  # fmt: skip
    return joined((
        element("div", table, class_="scroll", tabindex=0, role="region", aria_label=f"By {data.heading}"), key
    ))  # fmt: skip


def swatch(colour: str) -> Markup:
    """A small square of a colour such as `#804080`."""
    square = element("rect", width="12", height="12", rx="2", fill=colour)
    return element("svg", square, class_="swatch", width="12", height="12", aria_hidden="true")


def _swatch(data: HeatMap, index: int) -> Markup | None:
    return swatch(data.swatches[index]) if data.swatches else None


def _step(value: float | None, data: HeatMap) -> str:
    if value is None:
        return "none"
    share = (value - data.low) / (data.high - data.low)
    return f"h{round(STEPS * min(1.0, max(0.0, share)))}"
