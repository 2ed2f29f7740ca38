"""Tables for papers, for pages and for pandas: exact text, and text that stays text."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from archspec.reporters import Column, Table, render, to_frame

TABLE = Table(
    "Widths & strides",
    (Column("row", "row"), Column("gflops", "GFLOPs", kind="number", digits=2), Column("p", "p_1", "ms²", "integer")),
    (("base_50%", 0.456, 1234567), ("<b>", None, 2)),
    ("input 224 × 224",),
)
LATEX = r"""\begin{table}
\centering
\caption{Widths \& strides}
\begin{tabular}{lrr}
\toprule
row & GFLOPs & p\_1 (ms\textsuperscript{2}) \\
\midrule
base\_50\% & 0.46 & 1,234,567 \\
\textless{}b\textgreater{} & - & 2 \\
\bottomrule
\end{tabular}
\par\smallskip\footnotesize input 224 $\times$ 224.
\end{table}
"""
HTML = """<table>
<caption>Widths &amp; strides</caption>
<thead><tr><th scope="col">row</th><th scope="col" class="number">GFLOPs</th><th scope="col" class="number">p_1 (ms²)</th></tr></thead>
<tbody>
<tr><td>base_50%</td><td class="number">0.46</td><td class="number">1,234,567</td></tr>
<tr><td>&lt;b&gt;</td><td class="number">-</td><td class="number">2</td></tr>
</tbody>
</table>
<ul>
<li>input 224 × 224</li>
</ul>
"""  # noqa: E501


def test_exact_text() -> None:
    assert render(TABLE, "latex") == LATEX
    assert render(TABLE, "html") == HTML


def test_latex_rows_do_not_begin_with_an_argument_of_the_row_before() -> None:
    """`\\\\` and `\\midrule` read on over the end of a line: `[0.5]` would be a length, `*` a star."""
    text = render(Table("", (Column("a", "a"),), (("[0.5]",), ("*",), ("v1.",), (" [1]",)), ("said.",)), "latex")
    assert "\\midrule\n{}[0.5] \\\\\n{}* \\\\\nv1. \\\\\n{} [1] \\\\\n" in text
    assert "\\footnotesize said.\n" in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=40))
def test_html_cells_are_text(text: str) -> None:
    parser = _Tags()
    parser.feed(render(Table("", (Column("a", "a"),), ((text,),)), "html"))
    assert parser.tags == {"table", "thead", "tbody", "tr", "th", "td"}


def test_a_frame_has_the_numbers_whole() -> None:
    frame = to_frame(TABLE)
    assert list(frame.columns) == ["row", "gflops", "p"]
    assert frame["gflops"].tolist()[0] == 0.456
    assert frame["gflops"].isna().tolist() == [False, True]
    assert frame.attrs["units"] == {"p": "ms²"}
