"""The form that a table takes on a terminal, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archspec.reporters import Column, Table, transposed
from archspec.reporters._layout import cut, laid_out

COLUMNS = (
    Column("name", "Network"),
    Column("ms", "Median", "ms", "number", 3),
    Column("std", "Std", "ms", "number", 3, detail=True),
    Column("threads", "Threads", kind="integer"),
    Column("empty", "Delegate"),
    Column("ratio", "Ratio", kind="number", digits=2),
)
ROWS = tuple((f"network_{number}", 1234.5 + number, 0.25 * number, 4, None, 1.5 + number) for number in range(5))
TABLE = Table("Latency", COLUMNS, ROWS, ("a note of many words that is longer than the table",))


def drawn(table: Table, room: int | None) -> list[str]:
    return [line.text for line in laid_out(table, room)]


def test_as_wide_as_it_takes_everything_is_shown() -> None:
    lines = drawn(TABLE, None)
    assert lines[1] == "Network    Median (ms)  Std (ms)  Threads  Delegate  Ratio"
    assert lines[3] == "network_0    1,234.500     0.000        4  -          1.50"
    assert lines[-1] == TABLE.notes[0]
    assert not any("left out" in line for line in lines)


def test_headings_fold_before_anything_is_left_out() -> None:
    lines = drawn(TABLE, 47)
    assert lines[1:4] == [
        "                            Std",
        "Network    Median (ms)     (ms)  Threads  Ratio",
        "─" * 47,
    ]
    assert "nothing in: Delegate" in lines


def test_what_is_the_same_in_every_row_goes_first_then_details_then_the_last() -> None:
    lines = drawn(TABLE, 36)
    assert lines[2] == "Network          (ms)    (ms)  Ratio"
    assert "in every row: Threads 4" in lines
    lines = drawn(TABLE, 30)
    assert lines[1] == "Network    Median (ms)  Ratio"
    assert "left out: Std; --wide shows" in lines
    lines = drawn(TABLE, 22)
    assert lines[1] == "Network    Median (ms)"
    assert "left out: Std, Ratio; --wide shows all" in " ".join(map(str.strip, lines))


@pytest.mark.parametrize("room", range(1, 80))
def test_numbers_and_names_are_whole_at_any_width(room: int) -> None:
    lines = drawn(TABLE, room)
    assert all(any(name in line and f"{ms:,.3f}" in line for line in lines) for name, ms, *_ in ROWS)
    assert all(len(line) <= room for line in lines if room >= 20)


def test_few_rows_are_turned_on_their_side() -> None:
    lines = drawn(replace(TABLE, rows=ROWS[:2]), 36)
    assert lines[1] == "Network      network_0  network_1"
    assert lines[3] == "Median (ms)  1,234.500  1,235.500"
    assert not any("left out" in line for line in lines)


def test_a_turned_table_that_is_too_wide_is_turned_back() -> None:
    lines = drawn(transposed(TABLE), 40)
    assert any(line.startswith("network_4    1,238.500") for line in lines)
    assert drawn(transposed(TABLE), 80)[1].split() == ["Network", *(row[0] for row in ROWS)]


def test_row_names_of_a_grid_become_a_column_a_factor() -> None:
    names = (
        "base",
        "head.filters=128, stem.filters=8, at_rates=[1, 2]",
        "head.filters=256, stem.filters=16, at_rates=[3]",
    )
    table = Table("", (Column("row", "row"), Column("n", "N", kind="integer")), tuple((one, 7) for one in names))
    assert drawn(table, 60) == drawn(table, None)
    assert drawn(table, 45) == [
        "row   head.filters  stem.filters  at rates  N",
        "─" * 45,
        "base                                        7",
        "      128           8             [1, 2]    7",
        "      256           16            [3]       7",
    ]


def test_a_text_wraps_at_spaces_and_a_longer_word_stays_whole() -> None:
    table = Table("", (Column("what", "what"), Column("value", "value", wraps=True)), (("file", "x" * 90 + " is it"),))
    assert drawn(table, 40)[2:] == ["file  " + "x" * 90, "      is it"]


def test_a_size_a_spread_and_a_unit_stay_with_their_number() -> None:
    text = "Conv2D -> 14 x 14 x 256 at (18, 15) in 9.3 ± 0.1 ms of 480 × 360, 89 %"
    table = Table("", (Column("a", "a"), Column("value", "value", wraps=True)), (("a", text),))
    assert [line.strip() for line in drawn(table, 18)[2:]] == [
        "a  Conv2D ->", "14 x 14 x 256 at", "(18, 15) in", "9.3 ± 0.1 ms of", "480 × 360, 89 %",
    ]  # fmt: skip


def test_a_note_goes_on_indented() -> None:
    assert drawn(TABLE, 47)[-2:] == ["a note of many words that is longer than the", "  table"]


def test_a_line_is_cut_where_the_terminal_ends() -> None:
    assert [cut("abcdef", 6), cut("abcdefg", 6), cut("abcdefg", None), cut("日本語日本語", 6)] == [
        "abcdef", "abcde…", "abcdefg", "日本…",
    ]  # fmt: skip
