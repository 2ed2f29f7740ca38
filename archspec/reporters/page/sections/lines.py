"""The spec's own text with what each line costs beside it: milliseconds and their share, or MACs and theirs."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.reporters.page._axis import number
from archspec.reporters.page._markup import Markup, element, joined


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


EXAMPLES = (
    Lines((("time", "ms", 3), ("MACs", "10⁶", 1)),
          (File("specs/a.yaml", (Line(1, "name: a"), Line(2, "head: dpc", 0.25, (1.5, 30.0)))),)),
)  # fmt: skip


def render(data: Lines, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """A table a file."""
    return joined(_file(file, data.headings) for file in data.files)


def _file(file: File, headings: tuple[tuple[str, str, int], ...]) -> Markup:
    units = [element("span", f" {unit}", class_="unit") if unit else None for _, unit, _ in headings]
    head = element(
        "tr",
        element("th", "line", scope="col", class_="number"),
        element("th", "share", scope="col", colspan=2),
        *(element("th", one[0], unit, scope="col", class_="number") for one, unit in zip(headings, units, strict=True)),
        element("th", "spec", scope="col"),
    )
    rows = (_row(line, headings) for line in file.lines)
    table = element("table", element("thead", head), element("tbody", *rows), class_="line-table")
    return element(
        "figure",
        element("figcaption", file.name),
        element("div", table, class_="scroll", tabindex=0, role="region", aria_label=file.name),
    )


def _row(line: Line, headings: tuple[tuple[str, str, int], ...]) -> Markup:
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
