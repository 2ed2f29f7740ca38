"""A LaTeX table of the package booktabs: title as the caption, units in the headings, notes below it."""

from __future__ import annotations

from archspec.reporters._table import Table
from archspec.reporters._text import rows_for_people, visible

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "±": r"$\pm$", "Δ": r"$\Delta$", "≈": r"$\approx$", "×": r"$\times$",
    "²": r"\textsuperscript{2}", "³": r"\textsuperscript{3}", "⁶": r"\textsuperscript{6}", "⁹": r"\textsuperscript{9}",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$",
}  # fmt: skip

_READ_ON = ("[", "*")  # after the end of a row they would be an argument of it


def render(table: Table) -> str:
    """A `table` environment for `\\usepackage{booktabs}`: whatever the cells hold is text in it, never a command."""
    alignment = "".join("r" if column.right else "l" for column in table.columns)
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{_escaped(table.title)}}}"] if table.title else []
    lines += [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule"]
    lines += [_row([column.heading for column in table.columns]), r"\midrule"]
    lines += [_row(row) for row in rows_for_people(table)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\smallskip\footnotesize {_escaped(note.rstrip('.'))}." for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _row(cells: list[str]) -> str:
    row = " & ".join(map(_escaped, cells)) + r" \\"
    return f"{{}}{row}" if row.startswith(_READ_ON) else row


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in visible(text))
