"""A run of the tests on somebody's machine: in the background, on several processors, with things missing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import environment
from tests.needs import NEEDS, absent, needed

INNER = """
import signal, subprocess, sys, time
import pytest

def record(kind):
    began = time.monotonic()
    time.sleep(0.05)
    with open("log", "a") as log:
        log.write(f"{kind} {began} {time.monotonic()}\\n")

@pytest.mark.parametrize("number", range(12))
def test_with_others(number):
    record("shared")

@pytest.mark.alone
@pytest.mark.parametrize("number", range(3))
def test_alone(number):
    record("alone")

@pytest.mark.parametrize("number", range(12))
def test_with_others_again(number):
    record("shared")

def test_a_process_can_be_interrupted():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    assert "KeyboardInterrupt" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
"""


@pytest.fixture(scope="module")
def inner_run(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[str, list[tuple[str, float, float]]]:
    """What a run of two processes says, started as `nohup … &` starts it, and when each of its tests ran."""
    folder = tmp_path_factory.mktemp("inner")
    (folder / "test_inner.py").write_text(INNER)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    alone: by itself\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", "2", "test_inner.py"]
    done = subprocess.run(
        command, cwd=folder, env=environment(PATH="/nowhere", PYTHONSAFEPATH="1"), text=True, capture_output=True,
        timeout=120, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in (folder / "log").read_text().splitlines()]
    return done.stdout, [(kind, float(began), float(ended)) for kind, began, ended in rows]


def test_what_measures_time_runs_alone(inner_run: tuple[str, list[tuple[str, float, float]]]) -> None:
    runs = inner_run[1]
    assert len(runs) == 27
    shared = [run for run in runs if run[0] == "shared"]
    overlaps = [(a, b) for a in shared for b in shared if a is not b and a[1] < b[2] and b[1] < a[2]]
    assert overlaps, "the other tests should have run side by side"
    for alone in (run for run in runs if run[0] == "alone"):
        assert [run for run in runs if run is not alone and run[1] < alone[2] and alone[1] < run[2]] == []


def test_what_is_missing_is_named_before_the_first_test(
    inner_run: tuple[str, list[tuple[str, float, float]]],
) -> None:
    before = inner_run[0].partition("2 workers")[0]
    assert "not tested here: whether LaTeX tables compile (no pdflatex: install TeX Live with booktabs)" in before


def test_a_missing_program_skips_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("ARCHSPEC_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no pdflatex: install TeX Live"):
        needed("pdflatex")
    monkeypatch.setenv("ARCHSPEC_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no pdflatex"):
        needed("pdflatex")
    assert len(absent()) <= len(NEEDS)
