"""A LaTeX table of the package booktabs: title as the caption, units in the headings, notes below it.

`latex_text` writes any text as plain pdflatex sets it without a package: pure ASCII, never a command of the text.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from archspec.reporters._table import Table, rows_for_people, visible

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


_COMMANDS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedblright{}", "`": r"\`{}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\textellipsis{}", "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "•": r"\textbullet{}",
    "§": r"\S{}", "¶": r"\P{}", "†": r"\dag{}", "‡": r"\ddag{}", "©": r"\copyright{}", "£": r"\pounds{}",
    "¡": r"\textexclamdown{}", "¿": r"\textquestiondown{}",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "ȷ": r"\j{}",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "\u200b": "{}", "\ufeff": "{}", "\u00ad": r"\-",
    "‐": "-", "‑": "-", "⁄": "/", "─": r"\textendash{}", "│": r"\textbar{}",
    **{mark: rf"\textsuperscript{{{plain}}}" for mark, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)},
    **{mark: rf"\textsubscript{{{plain}}}" for mark, plain in zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True)},
}  # fmt: skip
_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_MATH = {
    "−": "-", "±": r"\pm", "∓": r"\mp", "×": r"\times", "÷": r"\div", "·": r"\cdot", "⋅": r"\cdot", "∘": r"\circ",
    "°": r"{}^\circ", "≈": r"\approx", "≠": r"\neq", "≡": r"\equiv", "≤": r"\leq", "≥": r"\geq", "≪": r"\ll",
    "≫": r"\gg", "∼": r"\sim", "∝": r"\propto", "∞": r"\infty", "√": r"\surd", "∑": r"\sum", "∏": r"\prod",
    "∫": r"\int", "∂": r"\partial", "∇": r"\nabla", "∆": r"\Delta", "∅": r"\emptyset", "∈": r"\in", "∉": r"\notin",
    "∪": r"\cup", "∩": r"\cap", "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset", "⊇": r"\supseteq",
    "∀": r"\forall", "∃": r"\exists", "¬": r"\neg", "∧": r"\wedge", "∨": r"\vee", "⊕": r"\oplus", "⊗": r"\otimes",
    "‖": r"\|", "⌈": r"\lceil", "⌉": r"\rceil", "⌊": r"\lfloor", "⌋": r"\rfloor", "⟨": r"\langle", "⟩": r"\rangle",
    "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow", "↑": r"\uparrow", "↓": r"\downarrow",
    "⇒": r"\Rightarrow", "⇐": r"\Leftarrow", "⇔": r"\Leftrightarrow", "↦": r"\mapsto", "′": r"{}'", "″": r"{}''",
    "µ": r"\mu", "ϵ": r"\epsilon", "ϑ": r"\vartheta", "ϕ": r"\phi", "ℓ": r"\ell", "✓": r"\surd", "✗": r"\times",
    **{letter: rf"\{name}" for letter, name in zip(
        "αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        _GREEK.split(), strict=True)},
    **{letter: rf"\mathrm{{{latin}}}" for letter, latin in zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True)},
}  # fmt: skip
_ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0323": r"\d",
    "\u0327": r"\c", "\u0331": r"\b",
}  # fmt: skip
_DOTTED = {"i": r"\i{}", "j": r"\j{}"}
_LIGATURES = "-',"  # of two of them fonts make another character


def latex_text(text: str) -> str:
    """`text` as LaTeX: what LaTeX has a command for by it, any other character as `<U+65E5>`, control characters as
    `visible` spells them."""
    found: list[str] = []
    before = ""
    for cluster in _clusters(visible(text)):
        if cluster in _LIGATURES and cluster == before:
            found.append("{}")
        found.append(_cluster(cluster))
        before = cluster
    return "".join(found)


def _clusters(text: str) -> list[str]:
    """Each character with the accents on it, apart from each other."""
    clusters: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character in _ACCENTS and clusters and clusters[-1][0].isalpha():
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


@cache
def _cluster(cluster: str) -> str:
    known = cluster[0] in _COMMANDS or cluster[0] in _MATH
    first, *marks = list(cluster if known else unicodedata.normalize("NFD", cluster))
    if any(mark not in _ACCENTS for mark in marks):
        return "".join(map(_letter, unicodedata.normalize("NFC", cluster)))
    letter = _DOTTED.get(first, first) if marks and marks[0] < "\u0323" else first
    found = letter if letter in _DOTTED.values() else _letter(first)
    for mark in marks:
        found = f"{_ACCENTS[mark]}{{{found}}}"
    return found


def _letter(character: str) -> str:
    if character in _COMMANDS:
        return _COMMANDS[character]
    if character in _MATH:
        return f"${_MATH[character]}$"
    if character.isascii():
        return character
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKD", character))
    if plain != character:  # a full-width or bold letter, a ligature, a fraction
        return latex_text(plain)
    return rf"\textless{{}}U+{ord(character):04X}\textgreater{{}}"
