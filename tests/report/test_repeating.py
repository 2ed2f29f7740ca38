"""The commands that pages and hints show can be pasted: they parse, their files are there, the quick ones run."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from archspec.cli import archspec_command
from archspec.record import Record, shell_command, write_records
from archspec.report import open_subjects, page_of
from archspec.reporters.page import page_html
from tests.cli.every_table import ABLATION, make_inputs
from tests.cli.runner import run


@pytest.fixture(scope="module", autouse=True)
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose name a shell would take apart, with a spec, data, a run, a `.tflite`, a study, an ablation."""
    folder = tmp_path_factory.mktemp("some where's")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_inputs(folder)
        yield folder


def commands_of(page: Path) -> list[str]:
    """Every archspec command in the texts of a page."""
    return [html.unescape(text).strip() for text in re.findall(r">(archspec [^<]*)</", page.read_text("utf-8"))]


def checked(command: str) -> list[str]:
    """The words of a command that click takes and whose files are there."""
    program, *words = shlex.split(command)
    assert program == "archspec"
    found: click.Command = archspec_command
    rest = words
    context = click.Context(found)
    while isinstance(found, click.Group):
        name, inner, rest = found.resolve_command(context, rest)
        assert inner is not None and name is not None, command
        found, context = inner, click.Context(inner, context, name)
    found.make_context(words[0], list(rest))
    for word in words:
        file = word.partition(":")[2] if ":" in word else word
        if "/" in file or Path(file).suffix in (".yaml", ".json", ".tflite", ".npz", ".db"):
            assert Path(file).exists() or word == words[-1], f"{command}: no {file}"
        assert not re.search(r"\bDIR\b|\bNETWORK\b|\bFOLDER\b|\bN\b", word), command
    return words


def reported(*what: str) -> list[str]:
    """The commands of the page of these, each checked."""
    result = run("report", *what, "--output", "page.html")
    assert result.code == 0, result.err
    found = commands_of(Path("page.html"))
    for command in found:
        checked(command)
    return found


@pytest.mark.parametrize("where", ["ablation.yaml", "in a folder/some ablation.yaml"])
def test_an_ablation_is_made_again(where: str, inputs: Path) -> None:
    Path(where).parent.mkdir(exist_ok=True)
    Path(where).write_text(ABLATION.replace("base: tiny.yaml", f"base: {inputs}/tiny.yaml"))
    made = (
        "ablate",
        where,
        "--set",
        "input.size=[32, 48]",
        "--correct",
        "holm",
        "--format",
        "json",
        "--output",
        "a.json",
    )
    assert run(*made).code == 0
    (command,) = reported("a.json")
    assert checked(command) == list(made)
    before = Path("a.json").read_bytes()
    Path("a.json").unlink()
    assert run(*checked(command)).code == 0
    assert Path("a.json").read_bytes() == before


def test_scores_and_a_profile_are_made_again() -> None:
    made = ("evaluate", "tiny.tflite", "--data", "camvid:camvid", "--limit", "1", "--output", "new scores")
    assert run(*made).code == 0
    assert [checked(one) for one in reported("new scores")] == [list(made)]
    assert run("profile", "tiny.yaml", "--by", "op", "--format", "json", "--output", "p.json").code == 0
    (command,) = reported("p.json")
    assert run(*checked(command)).code == 0


def test_a_study_is_resumed_from_where_its_folder_lies() -> None:
    result = run("search", "study.yaml", "--format", "csv")
    assert result.code == 0
    (study,) = Path("searches").glob("st-*")
    (command,) = reported(str(study))
    assert run(*checked(command)).code == 0
    hints = re.findall(r"archspec .*", run("search", "study.yaml", "--set-study", "seed=5").out)
    assert [checked(one)[0] for one in hints] == ["build"]
    assert re.findall(r"archspec .*", result.err) == [shell_command("build", _middle(study))]


def _middle(study: Path) -> Path:
    specs = sorted((study / "front").glob("*.yaml"))
    return specs[len(specs) // 2]


def test_a_search_that_is_cut_short_says_how_it_goes_on_with_its_own_ledger() -> None:
    out = run("search", "study.yaml", "--set-study", "seed=6", "--minutes", "0.00001", "--ledger", "my own.db").out
    (hint,) = (one for one in re.findall(r"archspec search .*", out))
    assert checked(hint)[-2:] == ["--ledger", "my own.db"]
    assert run(*checked(hint)).code == 0


@pytest.mark.parametrize(
    ("weights", "said"), [("none", "weights=none"), ("{file: a b.npz}", 'weights={"file": "a b.npz"}')]
)
def test_a_run_is_trained_again_from_where_it_began(weights: str, said: str) -> None:
    about = {"state": "finished", "name": "tiny", "recipe": "quick", "seed": 3, "data": ["camvid:camvid"],
             "classes": ["a"], "spec": f"name: tiny\nweights: {weights}\n"}  # fmt: skip
    Path("run/run.json").write_text(json.dumps(about))
    Path("run/recipe.yaml").write_text("steps: 2\n")
    training, scoring, building = reported("run")
    words = checked(training)
    assert words[:4] == ["train", "run/spec.yaml", "--set", said]
    assert words[4:] == ["--recipe", "run/recipe.yaml", "--data", "camvid:camvid", "--seed", "3"]
    assert run("check", "run/spec.yaml", "--set", "weights=none").code == 0
    assert checked(scoring) == ["evaluate", "run", "--data", "camvid:camvid", "--split", "val"]
    assert checked(building) == ["build", "run/spec.yaml"]


def test_a_build_is_made_again_by_what_was_typed_and_an_older_one_shows_none() -> None:
    folder = Path("built")
    folder.mkdir()
    (folder / "layers.csv").write_text("a\n")
    record = Record("h", "written_mb", 1, conditions={"precision": "int8", "weights": "fresh"})
    write_records(folder / "record.json", [record], command="archspec build tiny.yaml --precision int8")
    assert reported("built") == ["archspec build tiny.yaml --precision int8"]
    write_records(folder / "record.json", [record])
    assert "How to repeat it" not in page_html(page_of(open_subjects([folder])))


def test_passwords_are_not_shown() -> None:
    url = "postgresql+psycopg2://me:secret@host/db"
    assert shell_command("search", "x y.yaml", "--ledger", url) == (
        "archspec search 'x y.yaml' --ledger 'postgresql+psycopg2://me:***@host/db'"
    )
