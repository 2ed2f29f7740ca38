"""A table as it is, numbers at the right, units in the headings; one wider than the page scrolls in itself."""

from __future__ import annotations

from archspec.reporters._table import Column, Table
from archspec.reporters._text import rows_for_people
from archspec.reporters.page._markup import Markup, element, joined

EXAMPLES = (
    Table("Costs", (Column("name", "Network"), Column("macs", "MACs", "10⁶", "number", 1)), (("a", 1.25), ("b", None)),
          ("batch 1",)),
)  # fmt: skip


def render(data: Table, anchor: str) -> Markup:  # noqa: ARG001 (every kind is called alike)
    """The table and its notes."""
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
