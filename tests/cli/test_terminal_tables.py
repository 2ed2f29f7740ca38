"""Every command's tables on terminals of 80, 100 and 140 columns: numbers and names whole, nothing lost unsaid."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from archspec import reporters
from archspec.cli import archspec_command
from archspec.reporters import Column, Table, for_people, report
from archspec.reporters._table import visible, width
from tests.cli.runner import environment
from tests.cli.terminal_cases import CASES, NO_TABLE, Case, run_here, workspace

WIDTHS = (80, 100, 140)
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("terminal"))


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command that does something."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*path, name))
    if path and (not isinstance(command, click.Group) or command.invoke_without_command):
        yield path


def _command(path: tuple[str, ...]) -> click.Command:
    found: click.Command = archspec_command
    for name in path:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)  # type: ignore[assignment]
    return found


def test_every_command_has_a_case_or_prints_no_table() -> None:
    names = {" ".join(path) for path in _commands(archspec_command)}
    assert names - {*CASES, *NO_TABLE} == set(), "give it a case in terminal_cases.py, or a place in NO_TABLE"
    assert {name for name in CASES if name != "search show"} <= names  # an argument of search, no command of click's


@pytest.mark.parametrize("name", sorted({*CASES} - {"search show"}))
def test_every_command_with_a_table_knows_wide(name: str) -> None:
    options = {option for parameter in _command(tuple(name.split())).params for option in parameter.opts}
    assert "--wide" in options


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[Table]:
    """Those that are drawn, as they are drawn."""
    found: list[Table] = []
    drawn = reporters.drawn

    def drawing(table: Table, room: int | None) -> Any:
        found.append(table)
        return drawn(table, room)

    monkeypatch.setattr(reporters, "drawn", drawing)
    return found


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{name}-{number}") for name, some in CASES.items() for number, case in enumerate(some)],
)
def test_tables_are_whole(case: Case, folder: Path, tables: list[Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = case(folder) if callable(case) else run_here(*map(_found, case))
    assert not code, errors.getvalue()
    _check_width(_lines(terminal.getvalue()), 80)
    for table in list(tables):  # which grows: they are drawn again
        for columns in WIDTHS:
            check(table, columns)
        _check_whole(table, _drawn(table, 80, wide=True), set())
    assert tables or "--by-line" in case or "profile" in case


def _found(word: str) -> str:
    """A folder that only its beginning is known of."""
    place = Path(word)
    if "/" not in word or place.exists():
        return word
    return str(next(iter(sorted(place.parent.glob(f"*{place.name}*"))), word))


def check(table: Table, columns: int) -> None:
    """A table on a terminal of so many columns, against its own cells."""
    lines = _drawn(table, columns)
    _check_width(lines, columns)
    _check_whole(table, lines, _omitted(table.upright or table, lines))


def _drawn(table: Table, columns: int, *, wide: bool = False) -> list[str]:
    stream = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        report(table, stream, wide=wide)
    return _lines(stream.getvalue())


def _lines(text: str) -> list[str]:
    return STYLE.sub("", text).splitlines()


def _check_width(lines: list[str], columns: int) -> None:
    """No line is wider, but for one word that is wider itself."""
    for line in lines:
        assert width(line) <= columns or max(map(width, line.split())) > columns - 30, line


def _omitted(table: Table, lines: list[str]) -> set[str]:
    """The ids of columns that are said to be left out: such a line goes on where it is indented."""
    said = re.sub(r"\n  (?=\S)", " ", "\n".join(lines))
    notes = [line for line in said.splitlines() if line.startswith(("left out: ", "in every row: ", "nothing in: "))]
    omitted = set()
    for column in table.columns:
        for note in notes:
            names = note.partition(": ")[2].partition("; --wide")[0].split(", ")
            own = (column.name.replace(",", ""), column.id)
            if any(name in own or name.startswith(tuple(f"{one} " for one in own)) for name in names):
                omitted.add(column.id)
    return omitted


def _check_whole(table: Table, lines: list[str], omitted: set[str]) -> None:
    """Every cell of every shown column stands in one line; of a text that wraps every word does."""
    upright = table.upright or table
    for row in upright.rows:
        shown = [(column, cell) for column, cell in zip(upright.columns, row, strict=True) if column.id not in omitted]
        cells = [(column, visible(for_people(cell, column))) for column, cell in shown if not column.wraps]
        parts = [text for _, text in cells]
        factors = [part for text in parts for part in _factors(text)]
        whole = any(_in_order(parts, line) or _in_order(factors, line) for line in lines)
        assert whole or all(_beside(column, text, lines) for column, text in cells), parts
        for column, cell in shown:
            if column.wraps:
                words = visible(for_people(cell, column)).split(" ")
                assert all(any(word in line for line in lines) for word in words), cell


def _factors(text: str) -> list[str]:
    """The values of a row name that is assignments, for they may become one column for each factor."""
    if re.fullmatch(r"[\w.]+=[^ ]+(, [\w.]+=[^ ]+)+", text):
        return [one.partition("=")[2] for one in text.split(", ")]
    return [text]


def _in_order(parts: list[str], line: str) -> bool:
    """Whether all stand in the line, each with space around it."""
    line, start = f" {line} ", 0
    for part in filter(None, parts):
        start = line.find(f" {part} ", start)
        if start < 0:
            return False
        start += len(part) + 1
    return True


def _beside(column: Column, part: str, lines: list[str]) -> bool:
    """Whether a table on its side has it in the line of its column."""
    return any(line.startswith(visible(column.name).split(" ")[0]) and _in_order([part], line) for line in lines)


@pytest.mark.parametrize("columns", WIDTHS)
def test_on_a_real_terminal(columns: int) -> None:
    """The size is asked of the terminal itself, and a terminal alone gets less than all."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {name: value for name, value in environment(TERM="xterm").items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "archspec", "cost", "enet", "segnet", "bisenetv2", "unet_mobilenet", "fast_scnn"]
    process = subprocess.Popen(command, stdout=theirs, stdin=theirs, stderr=subprocess.PIPE, env=variables)
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError):  # what Linux says when the other end is closed
        while piece := os.read(ours, 65536):
            text += piece
    os.close(ours)
    assert process.wait() == 0
    lines = _lines(text.decode().replace("\r\n", "\n"))
    rule = next(line for line in lines if line.startswith("─"))
    assert columns - 25 < width(rule) <= columns
    assert all(width(line) <= columns for line in lines)
    assert any(line.startswith("bisenetv2 ") and "3,358,627" in line for line in lines)
