"""Pages for the tests: every kind of section by its own examples, hostile words, many points."""

from __future__ import annotations

from archspec.reporters import Column, Table
from archspec.reporters.page import SECTIONS, Bar, Bars, Objective, Page, Point, Scatter, Section, Text, Texts
from tests.report.section_examples import EXAMPLES

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028\x00\u202e"


def every_section() -> Page:
    """One section of each example of each kind."""
    found = []
    for kind in SECTIONS:
        found += [Section(kind, f"{kind} {number}", example) for number, example in enumerate(EXAMPLES[kind], 1)]
    return Page("Every section", "Test", "All kinds, by their own examples.", tuple(found))


def search_page(points: int = 40, word: str = "trial") -> Page:
    """A scatter with a front, bars, a table, specs to copy."""
    values = [(1.0 + 0.1 * number, 0.5 + 0.3 * number / points - 0.02 * (number % 7)) for number in range(points)]
    best = [all(not (x <= a and y >= b and (x, y) != (a, b)) for x, y in values) for a, b in values]
    marks = tuple(
        Point(f"{word} {number}", (x, y), best[number], "", f"spec-{number}" if best[number] else "")
        for number, (x, y) in enumerate(values)
    )
    axes = (Objective("latency_ms", "ms", "low", 2), Objective("miou", "", "high", 3))
    texts = tuple(
        Text(f"{word} {number}", f"name: n{number}\n# {word}\n", "", f"spec-{number}")
        for number, front in enumerate(best)
        if front
    )
    table = Table(word, (Column("a", word), Column("b", "b", "ms", "number", 2)), ((word, 1.5),), (word,))
    return Page(word, word, word, (
        Section("scatter", "Candidates", Scatter(axes, marks), word, (word,)),
        Section("bars", word, Bars("ms", (Bar(word, 1.5, 0.2, word, True), Bar("b", 2.0))), word),
        Section("table", "Front", table),
        Section("texts", "Specs", Texts(texts, folded=True)),
    ))  # fmt: skip
