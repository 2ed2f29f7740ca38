"""Programs of this machine, run with a time limit: none is waited for longer, none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from archspec.devices._faults import TimedOut, ToolMissing

MAX_OUTPUT_BYTES = 4_000_000
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit code, and what it wrote (at most `MAX_OUTPUT_BYTES` of each)."""

    code: int
    output: str
    errors: str


def run(command: Sequence[str], timeout_s: float, *, device: str, given: Path | None = None) -> Finished:
    """Run to the end. `given` is the file that it reads as its input.

    Raises `TimedOut` and `ToolMissing`. The output goes to files, not pipes: a server that the program starts and
    leaves behind (adb, ssh's master) keeps a pipe open, and reading one to its end would then never return.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        with _input(given) as source:
            child = start(command, device=device, stdin=source, stdout=output, stderr=errors)
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            words = " ".join(command)[:80]
            raise TimedOut(f"no answer within {timeout_s:g} s ({words})", device=device) from error
        finally:
            end(child)
        return Finished(code, text_of(output), text_of(errors))


def start(command: Sequence[str], *, device: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Start in a process group of its own, so that Ctrl-C is ours to handle. Raises `ToolMissing`."""
    try:
        return subprocess.Popen(list(command), start_new_session=True, **streams)
    except (FileNotFoundError, PermissionError) as error:
        tool = command[0]
        fact = f"'{tool}' cannot be run ({error.strerror})"
        raise ToolMissing(fact, device=device, remedy=f"Install '{tool}' on this machine") from error


def end(child: subprocess.Popen[bytes]) -> None:
    """End a program and all it started in its group; one that has ended is left alone."""
    if child.poll() is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_END_S)


def text_of(file: IO[bytes]) -> str:
    """What a program wrote, whatever bytes it is."""
    file.seek(0)
    return file.read(MAX_OUTPUT_BYTES).decode("utf-8", "replace")


def first_line(*texts: str) -> str:
    """The first line that says something, short enough for an error."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return next((line[:240] for line in lines if line and not line.startswith("* daemon")), "no reason given")


def _input(given: Path | None) -> IO[bytes]:
    return Path(given or os.devnull).open("rb")
