"""A GitHub table: title as a heading, units in the headings, notes as a list below."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archspec.reporters._table import Table, rows_for_people, visible

_LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKUP = re.compile(r"[\\|`*\[\]~$]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_BEGINS_A_BLOCK = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=#+(?:\s|$)|[+-](?:[\s-]|$)|[>=]))")


def render(table: Table) -> str:
    """One line for each row: line ends become `<br>`, markup is escaped, so text shows as it is."""
    lines = [f"### {markdown_text(table.title)}", ""] if table.title else []
    lines.append(_row(markdown_text(column.heading) for column in table.columns))
    lines.append(_row("---:" if column.right else "---" for column in table.columns))
    lines.extend(_row(map(markdown_text, row)) for row in rows_for_people(table))
    if table.notes:
        lines += ["", *(f"- {_line(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _line(text: str) -> str:
    """The text at the beginning of a line, where it is no heading, no list and no quotation either."""
    return _BEGINS_A_BLOCK.sub(r"\1\\", markdown_text(text.strip()))


def markdown_text(text: str) -> str:
    """`text` as Markdown that shows it as it is, wherever it stands but at the beginning of a line."""
    lines = _LINE_END.split(text)
    return "<br>".join(
        _MARKUP.sub(r"\\\g<0>", visible(line.replace("&", "&amp;").replace("<", "&lt;"))) for line in lines
    )
