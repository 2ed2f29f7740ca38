"""The command as a process: pipes, interrupts, files written whole, and how little it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import environment, run, run_process

INTERRUPT = '''"""Sends an interrupt to its own process."""
import os, signal
def slow(x, *, name):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts without it
    os.kill(os.getpid(), signal.SIGINT)
    return x
'''


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["schema"],
        ["cost", "shufflenetv2_dpc"],
        ["cost", "shufflenetv2_dpc", "--layers", "--format", "json"],
        ["show", "shufflenetv2_dpc", "--as", "tree", "--layers"],
        ["check", "shufflenetv2_dpc"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_error(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "archspec", *arguments],
        stdout=writer, stderr=subprocess.PIPE, text=True, env=environment(), timeout=60,
    )  # fmt: skip
    os.close(writer)
    assert (process.returncode, process.stderr) == (0, "")


def test_an_interrupt_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(INTERRUPT)
    (tmp_path / "x.yaml").write_text("output_stride: 8\nbackbone:\n- conv_bn: {filters: 8, stride: 8}\n- slow\n")
    result = run_process("cost", "x.yaml", "--plugins", ".", cwd=tmp_path)
    assert (result.code, result.out) == (130, "")
    assert result.err.strip() == "archspec: interrupted; what was finished is kept"


def test_output_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "cost.json"
    path.write_text("before")
    assert run("cost", "shufflenetv2_dpc", "--format", "json", "--output", str(path)) == (0, "", "")
    assert json.loads(path.read_text())["params"] == 1_506_121
    assert [one.name for one in tmp_path.iterdir()] == ["cost.json"]


def test_output_stays_as_it_was_when_something_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cost.json"
    path.write_text("before")
    assert run("cost", "shufflenetv2_dpc", "--set", "classes=0", "--output", str(path)).code == 2
    assert path.read_text() == "before"

    def full_disk(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    result = run("cost", "shufflenetv2_dpc", "--output", str(path))
    assert result.code == 2
    assert "No space left on device" in result.err
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["cost.json"]


@pytest.mark.parametrize("kind", ["table", "json", "csv", "markdown"])
def test_a_file_holds_what_a_pipe_would_get(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    assert run("cost", "shufflenetv2_dpc", "--format", kind, "--output", str(path)).code == 0
    assert path.read_text() == run("cost", "shufflenetv2_dpc", "--format", kind).out


LIGHT = {
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "rich",
    "optuna",
    "matplotlib",
    "flatbuffers",
    "asyncio",
    "inspect_all",
}


@pytest.mark.parametrize("arguments", [["cost", "shufflenetv2_dpc"], ["cost", "mobilenetv2_dpc", "--format", "json"]])
def test_a_cost_from_cold_imports_nothing_heavy(arguments: list[str]) -> None:
    """Half a second from a cold start is the promise; NumPy alone takes 0.2 s."""
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "archspec", *arguments],
        env=environment(), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in process.stderr.splitlines() if "|" in line}
    assert {"click", "yaml", "archspec"} <= imported
    assert not LIGHT & imported
    assert "323,554,448" in process.stdout or "590584064" in process.stdout
