"""LaTeX that a real pdflatex sets with booktabs alone, whatever the cells hold."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.reporters import Column, Table, render
from archspec.reporters.latex import latex_text
from tests.reporters.pdflatex import faults

MENTIONED = '" ⌈x⌉ ≤ ≥ − α √ ∞ × → ± ≈ Δ ² ³ ⁶ ⁹ ⁻ ½ ∂ Σ θ ‖ ∥ – — … § · µ ° ▲ ┬ ├ └ │ ─ † ✓'
LETTERS = "á ä ü Å ť ﬁ Ω e\u0301 日本 🙂 \u202e \x1b \t"
MEANT = r"# $ % & ~ _ ^ \ { } | < > ` '' `` -- --- ,, << >> ?` !` [1] * \input{x} \\ $x_y^2$ \begin{a} ^^41 ~~ %"


def every_character() -> list[str]:
    """Of the planes that people write in, and one of each block beyond."""
    numbers = [*range(0x3100), *range(0x3100, 0x30000, 0x80)]
    return [chr(number) for number in numbers if unicodedata.category(chr(number)) not in ("Cs", "Cn")]


def table(cell: str) -> Table:
    return Table(cell, (Column("a", cell, cell), Column("b", "b")), ((cell, "x"), (f" {cell}", cell)), (cell, "n"))


def test_every_character_compiles_in_a_cell_a_heading_a_caption_and_a_note(tmp_path: Path) -> None:
    letters = every_character()
    texts = ["".join(letters[at : at + 40]) for at in range(0, len(letters), 40)]
    texts = [MENTIONED, LETTERS, MEANT, *MEANT.split(), *texts]
    body = "".join(f"{render(table(text), 'latex')}\\clearpage\n" for text in texts)
    assert body.isascii()
    assert faults(tmp_path, body) == []


def test_random_text_compiles(tmp_path: Path) -> None:
    """Many examples of hypothesis in one document, for a compilation takes its time."""
    found: list[str] = []

    @settings(max_examples=400, database=None, derandomize=True, deadline=None)
    @given(st.text(max_size=60))
    def draw(text: str) -> None:
        found.append(text)

    draw()
    tables = [Table("", (Column("a", "a"),), tuple((one,) for one in found[at : at + 20])) for at in range(0, 400, 20)]
    assert len(found) >= 400
    assert faults(tmp_path, "".join(f"{render(one, 'latex')}\\clearpage\n" for one in tables)) == []


@given(st.text(max_size=40))
def test_only_known_commands_and_balanced_braces(text: str) -> None:
    found = latex_text(text)
    assert found.isascii()
    bare = found.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert bare.replace(r"\$", "").count("$") % 2 == 0
    assert "\n" not in found and "--" not in found and "''" not in found.replace("{}''", "")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a & b_c 50%", r"a \& b\_c 50\%"),
        ("miou ≥ 0.5 → ∞", r"miou $\geq$ 0.5 $\rightarrow$ $\infty$"),
        ("⌈n/2⌉ × 10⁻⁶", r"$\lceil$n/2$\rceil$ $\times$ 10\textsuperscript{-}\textsuperscript{6}"),
        ('"a"', r"\textquotedblright{}a\textquotedblright{}"),
        ("--set x", r"-{}-set x"),
        ("Málaga, naïve", r"M\'{a}laga, na\"{\i{}}ve"),
        ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("日", r"\textless{}U+65E5\textgreater{}"),
        ("a\nb\x1b", r"a\textbackslash{}nb\textbackslash{}x1b"),
    ],
)
def test_text_by_hand(text: str, latex: str) -> None:
    assert latex_text(text) == latex


def test_the_compiler_of_these_tests_finds_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, "$x") != []
    assert any("Unicode character" in line for line in faults(tmp_path, "∞"))
