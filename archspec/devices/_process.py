"""Programs of this machine, run with a time limit or talked with: none is waited for longer, none is left behind."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from archspec.devices._faults import Cut, DeviceError, Garbled, TimedOut, ToolMissing, first_line

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


def _input(given: Path | None) -> IO[bytes]:
    return Path(given or os.devnull).open("rb")


MARK = b"archspec:"
MAX_LINE_BYTES = 16_000_000
_PATIENCE_S = 2.0
Blame = Callable[[str], DeviceError | None]


class Talk(Protocol):
    """Something that answers questions."""

    def ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """The answer. Raises `DeviceError` where there is none within the time."""

    def close(self) -> None:
        """Say goodbye; may be called twice and after any failure."""


class Conversation:
    """A `Talk` over the input and output of a child process. After any failure it is over: every question is `Cut`.

    A login shell may greet before the first answer; lines without the mark are noise until then, and a fault after.
    `blame` makes a typed error of what the child wrote to its error stream.
    """

    def __init__(self, command: Sequence[str], *, device: str, blame: Blame) -> None:
        self._device, self._blame = device, blame
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the conversation)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._errors}
        self._child = start(command, device=device, **pipes)
        self._read = b""
        self._greeted = False
        self._open = True

    def ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Ask and wait. Raises `TimedOut`, `Cut`, `Garbled` or what `blame` finds."""
        if not self._open:
            raise Cut("the conversation with it has ended", device=self._device)
        try:
            self._say(question)
            return self._answer(time.monotonic() + timeout_s, timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close its input, which ends the program on the device; then end the child."""
        if not self._open:
            return
        self._open = False
        with suppress(OSError):
            self._stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_PATIENCE_S)
        end(self._child)
        self._stdout.close()
        self._errors.close()

    @property
    def _stdin(self) -> Any:
        return self._child.stdin

    @property
    def _stdout(self) -> Any:
        return self._child.stdout

    def _say(self, question: Mapping[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(question).encode() + b"\n")
            self._stdin.flush()
        except OSError as error:
            raise self._lost() from error

    def _answer(self, deadline: float, timeout_s: float) -> dict[str, Any]:
        while True:
            line = self._line(deadline, timeout_s)
            if line.startswith(MARK):
                self._greeted = True
                return self._parsed(line[len(MARK) :])
            if self._greeted:
                raise self._garbled(line)

    def _line(self, deadline: float, timeout_s: float) -> bytes:
        while b"\n" not in self._read:
            left = deadline - time.monotonic()
            if left <= 0 or not self._said_more(left):
                raise TimedOut(f"no answer within {timeout_s:g} s", device=self._device)
            read = os.read(self._stdout.fileno(), 1 << 16)
            if not read:
                raise self._lost()
            self._read += read
            if len(self._read) > MAX_LINE_BYTES:
                raise self._garbled(self._read)
        line, _, self._read = self._read.partition(b"\n")
        return line.rstrip(b"\r")

    def _said_more(self, seconds: float) -> bool:
        with selectors.DefaultSelector() as waiting:  # `select` knows no file above number 1023
            waiting.register(self._stdout, selectors.EVENT_READ)
            return bool(waiting.select(seconds))

    def _parsed(self, text: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise self._garbled(text) from error
        if not isinstance(answer, dict):
            raise self._garbled(text)
        return answer

    def _garbled(self, line: bytes) -> Garbled:
        return Garbled(f"an answer that means nothing ({line[:60]!r})", device=self._device)

    def _lost(self) -> DeviceError:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_PATIENCE_S)
        said = text_of(self._errors)
        return self._blame(said) or Cut(f"the connection was cut ({first_line(said)})", device=self._device)
