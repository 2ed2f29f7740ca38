"""An HTML fragment: a table with a caption, units in the headings, notes as a list below; no style, no script."""

from __future__ import annotations

from html import escape

from archspec.reporters._table import Table, rows_for_people, visible


def render(table: Table) -> str:
    """To be put into a page of one's own. Cells are text in it, never markup; numbers have the class `number`."""
    lines = ["<table>"]
    lines += [f"<caption>{_escaped(table.title)}</caption>"] if table.title else []
    right = [column.right for column in table.columns]
    lines.append(_row([column.heading for column in table.columns], right, "th", ' scope="col"', "thead"))
    lines.append("<tbody>")
    lines += [_row(row, right, "td", "", "") for row in rows_for_people(table)]
    lines += ["</tbody>", "</table>"]
    if table.notes:
        lines += ["<ul>", *(f"<li>{_escaped(note)}</li>" for note in table.notes), "</ul>"]
    return "\n".join(lines) + "\n"


def _row(cells: list[str], right: list[bool], tag: str, more: str, around: str) -> str:
    inner = "".join(
        f"<{tag}{more}{_CLASS if number else ''}>{_escaped(cell)}</{tag}>"
        for cell, number in zip(cells, right, strict=True)
    )
    row = f"<tr>{inner}</tr>"
    return f"<{around}>{row}</{around}>" if around else row


def _escaped(text: str) -> str:
    return escape(visible(text), quote=True)


_CLASS = ' class="number"'
