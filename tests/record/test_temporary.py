"""What a process leaves that was killed is swept by the next one; what anybody else made, or holds, is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.errors import UserError, user_error
from archspec.record import replacing_folder, temporary_files, write_text
from tests.cli.runner import environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
HOLDS = """
import sys, time
from pathlib import Path
from archspec.record import temporary_files
here = Path(sys.argv[1])
with temporary_files.temporary_file(here / "a.csv"), temporary_files.temporary_folder(here / "out") as out:
    (out / "model.tflite").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _always_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary_files, "_SWEEP_EVERY_S", 0.0)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with a temporary file and a folder in `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, tmp_path], stdout=subprocess.PIPE, env=environment(), text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_of_the_living_nothing_goes_and_of_the_killed_everything(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert len(names(tmp_path)) == 2
    write_text(tmp_path / "b", "")
    assert len(names(tmp_path)) == 3
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    write_text(tmp_path / "b", "")
    assert names(tmp_path) == ["b"]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    other = f".a.{'0' * 8}-{'1' * 8}.tmp"  # of another machine
    ours = f".a.{temporary_files._machine()}-{'1' * 8}.tmp"
    for name in (other, ".thesis.tmp", "notes.tmp", ".a.tmp"):
        (tmp_path / name).write_text("")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("words")
    (tmp_path / ours).symlink_to("thesis")
    before = names(tmp_path)
    write_text(tmp_path / "b", "")
    assert names(tmp_path) == sorted([*before, "b"])
    assert (tmp_path / "thesis" / "chapter").read_text() == "words"


def may(folder: Path) -> None:
    """Anything is replaced."""


def never(folder: Path) -> None:
    raise user_error(f"{folder.name} stays")


def made(target: Path, text: str) -> None:
    with replacing_folder(target, may) as new:
        (new / "model").write_text(text)


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in two"])
def test_a_folder_takes_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool) -> None:
    if not exchange:
        monkeypatch.setattr("archspec.record.replacement._exchanged", lambda one, other: False)
    made(tmp_path / "out", "first")
    made(tmp_path / "out", "second")
    assert (tmp_path / "out" / "model").read_text() == "second"
    with pytest.raises(KeyboardInterrupt), replacing_folder(tmp_path / "out", may):
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "model").read_text() == "second"
    assert names(tmp_path) == ["out"]


def test_what_must_not_be_replaced_is_found_before_the_work_and_after_it(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(UserError, match="out stays"), replacing_folder(target, never) as new:
        target.mkdir()
        (target / "thesis").write_text("words")
        (new / "model").write_text("x")
    assert names(target) == ["thesis"]
    with pytest.raises(UserError, match="out stays"), replacing_folder(target, never):
        pytest.fail("the work began")
    for name, what in (("link", "thesis folder"), ("dangling", "nowhere")):
        (tmp_path / name).symlink_to(what)
        with pytest.raises(UserError, match="a symbolic link"), replacing_folder(tmp_path / name, may):
            pytest.fail("the work began")
    assert names(tmp_path) == ["dangling", "link", "out"]


BETWEEN = """
import os, signal, sys
from pathlib import Path
from archspec.record import replacement, replacing_folder
replacement._exchanged = lambda one, other: False
rename, seen = Path.rename, []
def killed(self, target):
    rename(self, target)
    seen.append(target)
    if len(seen) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
Path.rename = killed
with replacing_folder(Path(sys.argv[1]), lambda folder: None) as new:
    (new / "model").write_text("new")
"""


@pytest.mark.parametrize(("renames", "text"), [(1, "old"), (2, "new")])
def test_killed_between_two_renames_the_next_command_puts_it_right(tmp_path: Path, renames: int, text: str) -> None:
    made(tmp_path / "out", "old")
    done = subprocess.run(
        [sys.executable, "-c", BETWEEN, tmp_path / "out", str(renames)], env=environment(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    write_text(tmp_path / "b", "")
    assert (tmp_path / "out" / "model").read_text() == text
    assert names(tmp_path) == ["b", "out"]
