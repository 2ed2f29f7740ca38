"""The exact text of each reporter, and what all of them promise for any table."""

import csv
import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec.reporters
from archspec.errors import UserError
from archspec.reporters import Cell, Column, Table, formats, render, report, transposed

COLUMNS = (
    Column("name", "Network"),
    Column("params", "Parameters", kind="integer"),
    Column("gflops", "Cost", "GFLOPs", kind="number", digits=2),
    Column("exact", "Exact", kind="text"),
    Column("latency_ms", "Latency", "ms", kind="number"),
)
TABLE = Table(
    "Table 5",
    COLUMNS,
    (
        ("shufflenetv2_dpc", 1234567, 0.6471088960000001, True, 9.5),
        ("mobile|net\nv2 *x*", 12, 1.005, False, None),
    ),
    ("input: 224 × 224", "threads: 1"),
)

TEXT = """\
Table 5

Network             Parameters  Cost (GFLOPs)  Exact  Latency (ms)
------------------  ----------  -------------  -----  ------------
shufflenetv2_dpc     1,234,567           0.65  yes             9.5
mobile|net\\nv2 *x*          12           1.00  no                -

input: 224 × 224
threads: 1
"""

MARKDOWN = """\
### Table 5

| Network | Parameters | Cost (GFLOPs) | Exact | Latency (ms) |
| --- | ---: | ---: | --- | ---: |
| shufflenetv2_dpc | 1,234,567 | 0.65 | yes | 9.5 |
| mobile\\|net<br>v2 \\*x\\* | 12 | 1.00 | no | - |

- input: 224 × 224
- threads: 1
"""

CSV = """\
Network,Parameters,Cost (GFLOPs),Exact,Latency (ms)
shufflenetv2_dpc,1234567,0.6471088960000001,true,9.5
"mobile|net
v2 *x*",12,1.005,false,
"""

JSON = """\
{
  "meta": {
    "title": "Table 5",
    "columns": {
      "name": {
        "name": "Network",
        "unit": ""
      },
      "params": {
        "name": "Parameters",
        "unit": ""
      },
      "gflops": {
        "name": "Cost",
        "unit": "GFLOPs"
      },
      "exact": {
        "name": "Exact",
        "unit": ""
      },
      "latency_ms": {
        "name": "Latency",
        "unit": "ms"
      }
    },
    "notes": [
      "input: 224 × 224",
      "threads: 1"
    ]
  },
  "rows": [
    {
      "name": "shufflenetv2_dpc",
      "params": 1234567,
      "gflops": 0.6471088960000001,
      "exact": true,
      "latency_ms": 9.5
    },
    {
      "name": "mobile|net\\nv2 *x*",
      "params": 12,
      "gflops": 1.005,
      "exact": false,
      "latency_ms": null
    }
  ]
}
"""

HTML = """\
<table>
<caption>Table 5</caption>
<thead><tr><th scope="col">Network</th><th scope="col" class="number">Parameters</th>\
<th scope="col" class="number">Cost (GFLOPs)</th><th scope="col">Exact</th>\
<th scope="col" class="number">Latency (ms)</th></tr></thead>
<tbody>
<tr><td>shufflenetv2_dpc</td><td class="number">1,234,567</td><td class="number">0.65</td><td>yes</td>\
<td class="number">9.5</td></tr>
<tr><td>mobile|net\\nv2 *x*</td><td class="number">12</td><td class="number">1.00</td><td>no</td>\
<td class="number">-</td></tr>
</tbody>
</table>
<ul>
<li>input: 224 × 224</li>
<li>threads: 1</li>
</ul>
"""
LATEX = r"""\begin{table}
\centering
\caption{Table 5}
\begin{tabular}{lrrlr}
\toprule
Network & Parameters & Cost (GFLOPs) & Exact & Latency (ms) \\
\midrule
shufflenetv2\_dpc & 1,234,567 & 0.65 & yes & 9.5 \\
mobile\textbar{}net\textbackslash{}nv2 *x* & 12 & 1.00 & no & - \\
\bottomrule
\end{tabular}
\par\smallskip\footnotesize input: 224 $\times$ 224.
\par\smallskip\footnotesize threads: 1.
\end{table}
"""
EXPECTED = {"table": TEXT, "markdown": MARKDOWN, "csv": CSV, "json": JSON, "html": HTML, "latex": LATEX}
FOLDER = Path(archspec.reporters.__file__).parent
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


# --- what every reporter promises; a new file is found and tested by itself -------------------------------------------

cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["", "|", "a\\|b", "\r", "\x1b[2J"]),
)
columns = st.builds(
    Column,
    id=st.uuids().map(str),
    name=st.text(),
    unit=st.text(),
    kind=st.sampled_from(["text", "integer", "number"]),
    digits=st.none() | st.integers(0, 6),
    align=st.sampled_from([None, "left", "right"]),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    heads = tuple(draw(st.lists(columns, min_size=1, max_size=4, unique_by=lambda column: column.id)))
    rows = draw(st.lists(st.tuples(*[cells] * len(heads)), max_size=4))
    return Table(draw(st.text()), heads, tuple(rows), tuple(draw(st.lists(st.text(), max_size=3))))


def test_the_folder_is_the_registry() -> None:
    assert list(formats()) == FILES
    assert {"table", "csv", "json", "markdown"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
class TestContract:
    def test_has_exact_text(self, name: str) -> None:
        assert name in EXPECTED, f"a new reporter: add its exact text for TABLE to EXPECTED in {__file__}"
        assert render(TABLE, name) == EXPECTED[name]

    def test_says_what_it_is(self, name: str) -> None:
        module = importlib.import_module(f"archspec.reporters.{name}")
        assert module.__doc__
        assert module.__doc__.split("\n")[0].endswith(".")

    @given(table=tables())
    def test_same_table_same_bytes_ending_in_a_line_feed(self, name: str, table: Table) -> None:
        text = render(table, name)
        assert text == render(table, name)
        assert text.endswith("\n")
        text.encode("utf-8")

    @given(text=st.text("abcdefgh", min_size=1), length=st.integers(1, 400))
    def test_nothing_is_cut_off(self, name: str, text: str, length: int) -> None:
        long = text * length
        assert long in render(Table("t", (Column("a", "A"),), ((long,),)), name)

    def test_a_table_without_rows(self, name: str) -> None:
        assert "Network" in render(Table("", COLUMNS, ()), name)

    def test_imports_nothing_heavy(self, name: str) -> None:
        code = (
            "import sys, archspec.reporters as r\n"
            f"r.render(r.Table('t', (r.Column('a', 'A'),), (('x',), (1,))), '{name}')\n"
            "print(sorted({'rich', 'numpy', 'pandas', 'matplotlib', 'tensorflow'} & sys.modules.keys()))"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout == "[]\n"


# --- each format's own promise ----------------------------------------------------------------------------------------


def machine_text(cell: Cell) -> str:
    """What CSV must hold for a cell, written here independently of the reporter."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell if isinstance(cell, str) else str(cell)


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def unguarded(text: str) -> str:
    """What docs say a reader does: one `'` less, where what follows would be run by a spreadsheet."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


@given(tables())
def test_csv_reads_back_to_the_same_cells(table: Table) -> None:
    header, *rows = csv.reader(io.StringIO(render(table, "csv"), newline=""))
    assert list(map(unguarded, header)) == [f"{c.name} ({c.unit})" if c.unit else c.name for c in table.columns]
    assert [list(map(unguarded, row)) for row in rows] == [[machine_text(cell) for cell in row] for row in table.rows]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(st.text("'=+-@\t\r\n＝1a.", max_size=5))
def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    table = Table("", (Column("a", text), Column("b", "b")), ((text, -1.5), (text, "x")))
    for row in csv.reader(io.StringIO(render(table, "csv"), newline="")):
        assert unguarded(row[0]) == text
        assert not row[0].startswith(FORMULA) or is_number(text)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-", "'-"),
        ("'=1", "''=1"),
        ("-2", "-2"),
        ("+1.5e-3", "+1.5e-3"),
        (-2, "-2"),
        (-float("inf"), "-inf"),
        ("'a'", "'a'"),
        ("a=1", "a=1"),
    ],
)
def test_csv_text_that_a_spreadsheet_would_run_has_a_leading_apostrophe(cell: Cell, written: str) -> None:
    table = Table("", (Column("a", "A"), Column("b", "B")), ((cell, 1),))
    assert render(table, "csv") == f"A,B\n{written},1\n"


@given(tables())
def test_json_reads_back_to_the_same_rows(table: Table) -> None:
    document = json.loads(render(table, "json"), parse_constant=pytest.fail)
    ids = [column.id for column in table.columns]
    finite = [
        [None if cell != cell or cell in (float("inf"), -float("inf")) else cell for cell in r] for r in table.rows
    ]
    assert [list(row.values()) for row in document["rows"]] == finite
    assert all(list(row) == ids for row in document["rows"])
    assert list(document["meta"]["columns"]) == ids


def test_json_has_no_word_for_what_is_not_finite() -> None:
    values = (float("nan"), float("inf"), -float("inf"), 1.5)
    table = Table("", (Column("a", "A", kind="number"),), tuple((value,) for value in values))
    assert [row["a"] for row in json.loads(render(table, "json"))["rows"]] == [None, None, None, 1.5]
    assert render(table, "csv") == "A\nnan\ninf\n-inf\n1.5\n"


def test_text_ends_where_the_last_cell_ends() -> None:
    table = Table("", (Column("a", "A"), Column("b", "Wide")), (("x", "y"), ("x", "")))
    assert render(table, "table") == "A  Wide\n-  ----\nx  y\nx\n"


def markdown_cells(line: str) -> list[str]:
    """Split a row as GitHub's parser does: a backslash takes the next character with it, a bare pipe separates."""
    found, now, skip = [], "", False
    for character in line:
        if skip or character != "|":
            now += character
            skip = character == "\\" and not skip
        else:
            found.append(now)
            now = ""
    return [*found, now][1:-1]


@given(tables())
def test_markdown_has_one_line_a_row_and_one_cell_a_column(table: Table) -> None:
    text = render(Table("", table.columns, table.rows), "markdown")
    lines = text.removesuffix("\n").splitlines()  # splits at every character any reader may take for a line end
    assert len(lines) == 2 + len(table.rows)
    assert {len(markdown_cells(line)) for line in lines} == {len(table.columns)}
    assert "<script" not in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("a\r\nb\nc\rd", "a<br>b<br>c<br>d"),
        ("<script>&lt;", "&lt;script>&amp;lt;"),
        ("*b* _i_ `c` [l](u) ~~s~~ $m$", r"\*b\* \_i\_ \`c\` \[l\](u) \~\~s\~\~ \$m\$"),
        ("shufflenet_v2_0.5x", "shufflenet_v2_0.5x"),
        ("\x1b[31mred\u202e", r"\\x1b\[31mred\\u202e"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, escaped: str) -> None:
    assert render(Table("", (Column("a", "A"),), ((text,),)), "markdown").splitlines()[2] == f"| {escaped} |"


@pytest.mark.parametrize(
    ("note", "line"),
    [
        ("# a", r"- \# a"),
        ("+ a", r"- \+ a"),
        ("- a", r"- \- a"),
        ("---", r"- \---"),
        ("> a", r"- \> a"),
        ("=== ", r"- \==="),
        ("12. a", r"- 12\. a"),
        ("    code", "- code"),
        ("0.5 ms", "- 0.5 ms"),
        ("-0.5 ms", "- -0.5 ms"),
    ],
)
def test_a_markdown_note_is_no_other_block(note: str, line: str) -> None:
    assert render(Table("", (Column("a", "A"),), (), (note,)), "markdown").splitlines()[-1] == line


@given(tables())
def test_text_is_one_line_a_row_without_control_characters(table: Table) -> None:
    lines = render(Table("", table.columns, table.rows), "table").removesuffix("\n").split("\n")
    assert len(lines) == 2 + len(table.rows)
    assert all(len(line.splitlines()) <= 1 for line in lines)
    assert not any(ord(character) < 32 or ord(character) == 127 for line in lines for character in line)


def test_wide_characters_are_aligned_by_what_they_take_on_a_terminal() -> None:
    table = Table("", (Column("a", "A"), Column("b", "B", kind="integer")), (("日本", 1), ("e\u0301", 22), ("abcd", 3)))
    assert render(table, "table") == "A      B\n----  --\n日本   1\ne\u0301     22\nabcd   3\n"


@pytest.mark.parametrize(
    ("value", "kind", "digits", "shown"),
    [
        (1234567, "integer", None, "1,234,567"),
        (-1234567.0, "integer", None, "-1,234,567"),
        (2.5, "integer", None, "2.5"),
        (0.005, "number", 2, "0.01"),
        (1234.5, "number", 1, "1,234.5"),
        (-0.0004, "number", 2, "0.00"),
        (-0.006, "number", 2, "-0.01"),
        (7, "number", 3, "7.000"),
        (7, "text", None, "7"),
        (0.1 + 0.2, "number", None, "0.30000000000000004"),
        (float("nan"), "number", 2, "nan"),
        (-float("inf"), "integer", None, "-inf"),
        (None, "number", 2, "-"),
        (True, "integer", None, "yes"),
    ],
)
def test_numbers_for_people(value: Cell, kind: str, digits: int | None, shown: str) -> None:
    column = Column("a", "A", kind=kind, digits=digits)  # type: ignore[arg-type]
    assert render(Table("", (column,), ((value,),)), "table").splitlines()[2].strip() == shown
    assert render(Table("", (column,), ((value,),)), "markdown").splitlines()[2] == f"| {shown} |"


def test_numpy_floats_are_plain_numbers() -> None:
    import numpy as np

    table = Table("", (Column("a", "A"),), ((np.float64(0.5),),))
    assert render(table, "csv") == "A\n0.5\n"
    assert json.loads(render(table, "json"))["rows"] == [{"a": 0.5}]


# --- the door ---------------------------------------------------------------------------------------------------------


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        render(TABLE, "mardown")
    assert str(caught.value) == "unknown format 'mardown'. Did you mean 'markdown'?"
    with pytest.raises(UserError, match=r"One of: csv, html, json, latex, markdown, table"):
        render(TABLE, "../x")


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_gets_the_plain_text(name: str) -> None:
    stream = io.StringIO()
    report(TABLE, stream, name)
    assert stream.getvalue() == EXPECTED[name]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_rich_and_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table = Table(
        "[red]title[/red]",
        (Column("a", "[b]A[/b]"), Column("n", "N", kind="integer")),
        (("x" * 90, 1234567), ("[i]c[/i]", 2)),
    )
    stream = Terminal()
    report(table, stream)
    text = stream.getvalue()
    assert "\x1b[" in text
    assert text.count("x") == 90
    assert "1,234,567" in text
    assert "[red]title[/red]" in text
    assert "[b]A[/b]" in text
    assert "[i]c[/i]" in text
    assert "…" not in text


def test_a_terminal_gets_other_formats_as_they_are() -> None:
    stream = Terminal()
    report(TABLE, stream, "csv")
    assert stream.getvalue() == CSV


def test_a_transposed_table_has_a_line_a_column() -> None:
    assert (
        render(transposed(TABLE), "markdown")
        == """\
### Table 5

| Network | shufflenetv2_dpc | mobile\\|net<br>v2 \\*x\\* |
| --- | ---: | ---: |
| Parameters | 1,234,567 | 12 |
| Cost (GFLOPs) | 0.65 | 1.00 |
| Exact | yes | no |
| Latency (ms) | 9.5 | - |

- input: 224 × 224
- threads: 1
"""
    )


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2 columns"):
        Table("", (Column("a", "A"), Column("b", "B")), ((1, 2), (1,)))


def test_columns_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="each with an id of its own"):
        Table("", (Column("a", "A"), Column("a", "B")), ())
    with pytest.raises(ValueError, match="a table needs columns"):
        Table("", (), ())


@pytest.mark.parametrize("name", FILES)
def test_a_file_name_that_is_not_text_can_be_written(name: str) -> None:
    table = Table("t\udc80", (Column("a", "A"),), (("x\udc80",),), ("n\udc80",))
    assert b"udc80" in render(table, name).encode("utf-8")
