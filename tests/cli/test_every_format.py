"""What every command prints with `--format`: data and nothing else, and LaTeX that compiles."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.every_table import COMMANDS, OTHER, SLOW, arguments, commands_with_a_format, make_inputs
from tests.cli.runner import run
from tests.reporters.pdflatex import faults
from tests.reporters.test_reporters import FORMULA, is_number


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_inputs(folder)
        yield folder


def printed(name: str, form: str) -> str:
    result = run(*arguments(name), "--format", form)
    assert result.code == 0, result.err
    return result.out


def test_no_command_with_a_format_is_left_out() -> None:
    called = {" ".join(words[: len(name.split())]) for words in COMMANDS.values() for name in commands_with_a_format()}
    assert set(commands_with_a_format()) - called == OTHER


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in COMMANDS]
)
def test_json_and_csv_hold_data_and_nothing_else(name: str) -> None:
    if name not in SLOW:
        json.loads(printed(name, "json"), parse_constant=pytest.fail)
    rows = list(csv.reader(io.StringIO(printed(name, "csv"), newline="")))
    assert rows
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) > 1
    assert [cell for row in rows for cell in row if cell.startswith(FORMULA) and not is_number(cell)] == []


def test_latex_of_every_command_compiles_in_one_document(inputs: Path) -> None:
    body = "".join(f"{printed(name, 'latex')}\\clearpage\n" for name in COMMANDS if name not in SLOW)
    assert body.count("\\begin{tabular}") >= len(COMMANDS) - len(SLOW)
    assert faults(inputs, body) == []
