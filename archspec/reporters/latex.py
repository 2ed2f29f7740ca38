"""A LaTeX table of the package booktabs: title as the caption, units in the headings, notes below it."""

from __future__ import annotations

from archspec.reporters._latex_text import latex_text
from archspec.reporters._table import Table
from archspec.reporters._text import rows_for_people

_READ_ON = ("[", "*")  # after the end of a row they would be an argument of it


def render(table: Table) -> str:
    """A `table` environment for `\\usepackage{booktabs}`: whatever the cells hold is text in it, never a command."""
    alignment = "".join("r" if column.right else "l" for column in table.columns)
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{latex_text(table.title)}}}"] if table.title else []
    lines += [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule"]
    lines += [_row([column.heading for column in table.columns]), r"\midrule"]
    lines += [_row(row) for row in rows_for_people(table)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\smallskip\footnotesize {latex_text(note.rstrip('.'))}." for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _row(cells: list[str]) -> str:
    row = " & ".join(map(latex_text, cells)) + r" \\"
    return f"{{}}{row}" if row.lstrip().startswith(_READ_ON) else row
