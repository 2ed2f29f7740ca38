"""Sections that are tables: plain ones, heat maps, and the lines of a spec with what each costs."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters._table import Table, rows_for_people
from archspec.reporters.page._markup import Markup, element, joined, number


def table_section(data: Table, anchor: str) -> Markup:  # noqa: ARG001
    """A table as it is, numbers at the right, units in the headings; one wider than the page scrolls in itself."""
    notes = element("ul", *(element("li", note) for note in data.notes), class_="notes") if data.notes else None
    return joined((table_of(data, data.title or "Table"), notes))


def table_of(table: Table, label: str) -> Markup:
    """Only the table; its first column heads the rows."""
    sides = ["number" if column.right else None for column in table.columns]
    head = element("tr", *(
        element("th", column.name, element("span", f" {column.unit}", class_="unit") if column.unit else None,
                scope="col", class_=side)
        for column, side in zip(table.columns, sides, strict=True)
    ))  # fmt: skip
    rows = (
        element("tr", element("th", row[0], scope="row", class_=sides[0]), *(
            element("td", "–" if cell == "-" else cell, class_=side)
            for cell, side in zip(row[1:], sides[1:], strict=True)
        ))
        for row in rows_for_people(table)
    )  # fmt: skip
    whole = element("table", element("thead", head), element("tbody", *rows))
    return element("div", whole, class_="scroll", tabindex=0, role="region", aria_label=label)


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


def heat_map_section(data: HeatMap, anchor: str) -> Markup:  # noqa: ARG001
    """A heat map that is a table: rows such as classes, columns such as networks, colours for the numbers in it."""
    head = element("tr", element("th", data.heading, scope="col"), *(
        element("th", name, element("span", f" {data.unit}", class_="unit"), scope="col", class_="number")
        for name in data.columns
    ))  # fmt: skip
    rows = (
        element("tr", element("th", swatch(data.swatches[index]) if data.swatches else None, name, scope="row"), *(
            element("td", number(value, data.digits), class_=f"heat {_colour_class(value, data)}") for value in values
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


def _colour_class(value: float | None, data: HeatMap) -> str:
    if value is None:
        return "none"
    share = (value - data.low) / (data.high - data.low)
    return f"h{round(STEPS * min(1.0, max(0.0, share)))}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line's text, its share of the whole (0..1) and its `amounts`, one a heading; None where it costs nothing."""

    number: int
    text: str
    share: float | None = None
    amounts: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file with all of its lines."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Files and the headings (with units and decimals) of their amounts."""

    headings: tuple[tuple[str, str, int], ...]
    files: tuple[File, ...]


def lines_section(data: Lines, anchor: str) -> Markup:  # noqa: ARG001
    """The spec's own text with what each line costs beside it: milliseconds and their share, or MACs and theirs."""
    return joined(_file_table(file, data.headings) for file in data.files)


def _file_table(file: File, headings: tuple[tuple[str, str, int], ...]) -> Markup:
    units = [element("span", f" {unit}", class_="unit") if unit else None for _, unit, _ in headings]
    head = element(
        "tr",
        element("th", "line", scope="col", class_="number"),
        element("th", "share", scope="col", colspan=2),
        *(element("th", one[0], unit, scope="col", class_="number") for one, unit in zip(headings, units, strict=True)),
        element("th", "spec", scope="col"),
    )
    rows = (_line_row(line, headings) for line in file.lines)
    table = element("table", element("thead", head), element("tbody", *rows), class_="line-table")
    return element(
        "figure",
        element("figcaption", file.name),
        element("div", table, class_="scroll", tabindex=0, role="region", aria_label=file.name),
    )


def _line_row(line: Line, headings: tuple[tuple[str, str, int], ...]) -> Markup:
    amounts = line.amounts or (None,) * len(headings)
    share = line.share
    bar = None
    if share is not None:
        rect = element("rect", width=f"{100 * min(share, 1.0):.2f}%", height="100%", class_="bar")
        bar = element("svg", rect, width="72", height="10", class_="share", aria_hidden="true")
    return element(
        "tr",
        element("td", line.number, class_="number faint"),
        element("td", bar, class_="bar-cell"),
        element("td", "" if share is None else f"{100 * share:.1f} %", class_="number"),
        *(
            element("td", "" if amount is None else number(amount, digits), class_="number")
            for amount, (_, _, digits) in zip(amounts, headings, strict=True)
        ),
        element("td", element("code", line.text)),
    )
