"""Paths that cannot be used: one line and exit 2, in every command, before any work."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from archspec.cli import archspec_command
from archspec.cli._paths import DatabasePlace, InputPath, OutputFile, OutputFolder
from archspec.errors import UserError
from tests.cli.runner import environment, run

LONG_NAME = "n" * 300
LONG_PATH = "/".join(["d" * 100] * 40)
SPEC = "shufflenetv2_basic"
posix = pytest.mark.skipif(sys.platform != "linux", reason="/proc and /dev of Linux")


def parameters(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Parameter]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from parameters(command, click.Context(command, context, name))
        else:
            yield from ((f"{name} {one.opts[0]}", one) for one in command.params)


PARAMETERS = dict(parameters(archspec_command, click.Context(archspec_command)))


def test_every_option_that_is_a_path_is_of_a_kind_that_looks_at_it() -> None:
    plain = [name for name, one in PARAMETERS.items() if type(one.type) is click.Path and not one.type.exists]
    assert plain == []
    assert sum(isinstance(one.type, OutputFolder) for one in PARAMETERS.values()) >= 10
    named = [name for name in PARAMETERS if name.split()[-1] in ("--output", "--runs", "--figures", "--overlays")]
    assert all(isinstance(PARAMETERS[name].type, OutputFolder | OutputFile) for name in named), named


@posix
@pytest.mark.parametrize("bad", [LONG_NAME, "/proc/nothing/x", "a\0b", "file/x", "dangling/x"])
@pytest.mark.parametrize("kind", [OutputFolder(), OutputFile(), DatabasePlace()], ids=lambda kind: type(kind).__name__)
def test_what_cannot_be_written(
    kind: click.ParamType, bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("dangling").symlink_to("nowhere")
    with pytest.raises(UserError, match="cannot "):
        kind.convert(bad, None, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]


@posix
def test_a_folder_that_is_too_long_for_what_goes_into_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="File name too long"):
        OutputFolder().convert(str(tmp_path / LONG_PATH), None, None)
    with pytest.raises(UserError, match="is a file"):
        OutputFolder().convert("/dev/null", None, None)
    assert OutputFile().convert("/dev/null", None, None) == Path("/dev/null")


def test_what_may_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    assert OutputFolder().convert(str(tmp_path / "new" / "deep"), None, None) == tmp_path / "new" / "deep"
    assert OutputFile().convert(str(tmp_path / "a.csv"), None, None) == tmp_path / "a.csv"
    assert DatabasePlace().convert(str(tmp_path / "new" / "ledger.db"), None, None)
    assert DatabasePlace().convert("postgresql://a:b@host/name", None, None) == "postgresql://a:b@host/name"
    assert list(tmp_path.iterdir()) == []


def test_a_path_to_be_read_that_the_system_refuses() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        InputPath().convert(LONG_NAME, None, None)
    assert InputPath().convert("nowhere", None, None) == Path("nowhere")  # the command says what it wants


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["cost", LONG_NAME], ["ablate", LONG_NAME], ["search", LONG_NAME], ["report", LONG_NAME],
        ["compare", LONG_NAME, LONG_NAME], ["evaluate", LONG_NAME, "--data", "synthetic_streets"],
        ["predict", SPEC, LONG_NAME, "--output", "out"], ["weights", "show", LONG_NAME],
        ["train", SPEC, "--recipe", LONG_NAME, "--data", "synthetic_streets"],
        ["train", SPEC, "--recipe", "synthetic_quick", "--data", "synthetic_streets", "--output", "/proc/x"],
        ["train", SPEC, "--recipe", "synthetic_quick", "--data", f"camvid:{LONG_NAME}"],
        ["cost", SPEC, "--plugins", LONG_NAME], ["cost", SPEC, "--output", LONG_NAME],
        ["cost", SPEC, "--set", f"head.filters=@{LONG_NAME}"],
        ["ledger", "info", "--ledger", LONG_NAME], ["ledger", "info", "--ledger", "/dev/zero"],
        ["build", SPEC, "--output", "/proc/x"], ["export", SPEC, "--output", "/proc/x"],
        ["search", "--output", LONG_NAME], ["devices", "check", LONG_NAME],
        ["latency", LONG_NAME], ["latency", f"{LONG_NAME}.tflite"], ["profile", LONG_NAME],
        ["data", "check", f"folder:{LONG_NAME}"],
    ],
    ids=lambda value: " ".join(value)[:60],
)  # fmt: skip
def test_one_line_at_once(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    result = run(*arguments)
    assert result.code == 2, result
    assert len(result.err.strip().splitlines()) == 1, result.err
    assert time.monotonic() - start < 10
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("arguments", [["cost", "X"], ["ablate", "X"], ["search", "X"], ["latency", "X.tflite"]])
@pytest.mark.parametrize("kind", ["device", "pipe", "socket", "folder"])
def test_what_is_no_file_is_not_waited_for(
    arguments: list[str], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archspec.files._WRITER_WAIT_S", 0.2)
    monkeypatch.chdir(tmp_path)
    for name in ("X", "X.tflite"):
        if kind == "device":
            Path(name).symlink_to("/dev/zero")
        elif kind == "pipe":
            os.mkfifo(name)
        elif kind == "folder":
            Path(name).mkdir()
        else:
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(name)
    result = run(*arguments)
    assert result.code == 2
    assert len(result.err.strip().splitlines()) == 1
    words = {"device": "a device", "pipe": "a pipe", "socket": "a socket", "folder": "folder"}
    assert words[kind] in result.err


@posix
def test_a_pipe_that_is_written_to_is_read(tmp_path: Path, root: Path) -> None:
    pipe = tmp_path / "spec.yaml"
    os.mkfifo(pipe)
    text = (root / "specs" / f"{SPEC}.yaml").read_bytes()
    writer = threading.Thread(target=pipe.write_bytes, args=(text,), daemon=True)
    writer.start()
    assert run("cost", str(pipe), "--format", "json").json() == run("cost", SPEC, "--format", "json").json()


def process(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`archspec` in a shell: its streams are what is looked at."""
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("$archspec", f"{sys.executable} -m archspec")],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@posix
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"$archspec cost {SPEC} > /dev/full", "the output cannot be written (No space left on device)"),
        ("$archspec --help > /dev/full", "the output cannot be written (No space left on device)"),
        (f"$archspec cost {SPEC} >&-", "standard output is closed"),
    ],
)
def test_output_that_goes_nowhere(command: str, words: str, tmp_path: Path) -> None:
    result = process(command, tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


@posix
def test_closed_input_and_errors_do_not_get_into_files(tmp_path: Path) -> None:
    result = process(f"$archspec cost {SPEC} --format csv --output a.csv <&- 2>&-", tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "a.csv").read_text().startswith("network,")


@posix
def test_a_current_folder_that_was_removed(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    entry = "from archspec.cli import main; main(['cost', 'shufflenetv2_basic'])"
    result = process(f'cd gone && rmdir ../gone && {sys.executable} -c "{entry}"', tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("archspec: the current folder cannot be used")
    assert len(result.stderr.splitlines()) == 1


def test_what_is_read_is_not_written_over(tmp_path: Path, root: Path) -> None:
    spec = tmp_path / "net.yaml"
    text = (root / "specs" / f"{SPEC}.yaml").read_bytes()
    spec.write_bytes(text)
    for output in (str(spec), f"{tmp_path}/../{tmp_path.name}/net.yaml"):
        result = run("cost", str(spec), "--format", "csv", "--output", output)
        assert result.code == 2
        assert "is to be read too, and would be written over" in result.err
    assert spec.read_bytes() == text
    for _ in range(2):  # a table of before is replaced
        assert run("cost", str(spec), "--format", "csv", "--output", str(tmp_path / "cost.csv")).code == 0


def test_a_name_becomes_a_folder_and_may_not_be_too_long_for_one(tmp_path: Path, root: Path) -> None:
    result = run("build", SPEC, "--set", f"name={LONG_NAME}", "--no-keras", "--output", str(tmp_path))
    assert result.code == 2
    assert "a name of 300 letters (nnnn" in result.err
    long = tmp_path / f"{'n' * 240}.yaml"
    long.write_bytes((root / "specs" / f"{SPEC}.yaml").read_bytes().replace(b"name: shufflenetv2_basic", b""))
    result = run("build", str(long), "--no-keras", "--procedure", "none", "--output", str(tmp_path / "runs"))
    assert result.code == 0, result.err
