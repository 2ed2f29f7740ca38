"""What a user who errs sees: one line a fault, exit code 2, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import Problem
from tests.cli.runner import Result, run, run_process
from tests.spec.broken_specs import BROKEN, Broken


def check_refusal(result: Result) -> None:
    assert result.code == 2
    assert result.out == ""
    assert result.err.strip()
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cots", "x"], "archspec: no command 'cots'. Did you mean 'cost'?"),
        (["cost"], "archspec: Missing argument 'SPEC|MODEL.tflite...'."),
        (["cost", "shufflenetv2_dpc", "--formt", "json"], "Did you mean '--format'?"),
        (["cost", "shufflenetv2_dpc", "--format", "xml"], "'xml' is not one of 'table', 'json', 'csv', 'markdown'"),
        (["cost", "shufflenetv2_dpc", "--set"], "Option '--set' requires an argument"),
        (["cost", "shufflenetv2_dpc", "--set", "classes"], "classes"),
        (["cost", "shufflenetv2_dpc", "--set", "clases=3"], "Did you mean 'classes'?"),
        (["cost", "shufflenetv2_dcp"], "a bundled spec of that name. Did you mean 'shufflenetv2_dpc'?"),
        (["cost", "missing.yaml"], "missing.yaml: no such spec file"),
        (["cost", "."], "this is a folder"),
        (["cost", ""], "a spec without a name ('')"),
        (["cost", "shufflenetv2_dpc", "--by-line", "--layers"], "Take one"),
        (["cost", "shufflenetv2_dpc", "--by-line", "--by", "block"], "Take one"),
        (["cost", "shufflenetv2_dpc", "--set", "input.size=0"], "input.size: must be at least 1 (0)"),
        (["cost", "shufflenetv2_dpc", "--plugins", "nowhere"], "no such plugin folder (nowhere)"),
        (["cost", "shufflenetv2_dpc", "--output", "no/such/folder/x"], "cannot be written"),
        (["show", "shufflenetv2_dpc", "--as", "picture"], "'picture' is not one of"),
        (["show", "shufflenetv2_dpc", "--layers"], "--layers is for --as tree and --as mermaid, not for --as spec"),
        (["show", "shufflenetv2_dpc", "--as", "cell", "--layers"], "not for --as cell"),
        (["show", "shufflenetv2_dpc", "--set", "head.branches=@missing.json"], "missing.json"),
        (["diff", "shufflenetv2_dpc"], "Missing argument 'B'"),
        (["check"], "Missing argument"),
        (["schema", "x"], "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes_on_the_command_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    check_refusal(result)
    assert words in result.err
    assert len(result.err.splitlines()) == 1


def test_no_command_shows_the_help() -> None:
    result = run()
    check_refusal(result)
    assert result.err.startswith("Usage: archspec")
    for command in ("build", "cost", "check", "show", "diff", "list", "schema", "doctor"):
        assert f"\n  {command} " in result.err


def test_help_and_version_are_no_mistakes() -> None:
    for arguments in (["--help"], ["-h"], ["--version"], ["cost", "--help"]):
        result = run(*arguments)
        assert (result.code, result.err) == (0, "")
        assert "archspec" in result.out


@pytest.mark.parametrize("command", ["cost", "check"])
@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name.replace(" ", "_"))
def test_every_broken_spec(case: Broken, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    plugins = ["--plugins", "plugin"] if (tmp_path / "plugin").is_dir() else []
    sets = [word for change in case.overrides for word in ("--set", change)]
    result = run(command, "spec.yaml", *plugins, *sets)
    if command == "check" and all("still open" in line for line in case.expected):
        assert (result.code, result.err) == (0, "")  # a space is valid; it only has no cost yet
        assert f"{len(case.expected)} open choice" in result.out
        return
    check_refusal(result)
    lines = result.err.splitlines()
    if command == "check":
        count = len(case.expected)
        assert lines.pop() == f"{count} fault{'s' if count > 1 else ''}"
    assert lines == list(case.expected)


def test_a_process_of_its_own_fails_alike(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("backbone: shufflenet_v2\nwidth_multipler: 0.5\n")
    result = run_process("cost", "spec.yaml", cwd=tmp_path)
    check_refusal(result)
    wanted = "spec.yaml:2:1: width_multipler: unknown key 'width_multipler'. Did you mean 'width_multiplier'?\n"
    assert result.err == wanted


def test_a_fact_that_nobody_could_place_is_no_traceback_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def priced(*_: object, **__: object) -> None:
        raise Problem("it cannot be", "Try something else")

    monkeypatch.setattr("archspec.network.network.price", priced)
    result = run("cost", "shufflenetv2_basic")
    check_refusal(result)
    assert result.err == "archspec: it cannot be. Try something else\n"
