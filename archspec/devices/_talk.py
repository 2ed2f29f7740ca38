"""A conversation with a program on the device: a line of JSON asks, a marked line of JSON answers."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from archspec.devices._faults import Cut, DeviceError, Garbled, TimedOut
from archspec.devices._process import end, first_line, start, text_of

MARK = b"archspec:"
MAX_LINE_BYTES = 16_000_000
_PATIENCE_S = 2.0
Blame = Callable[[str], DeviceError | None]


class Talk(Protocol):
    """Something that answers questions."""

    def ask(self, question: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """The answer. Raises `DeviceError` where there is none within the time."""
        ...

    def close(self) -> None:
        """Say goodbye; may be called twice and after any failure."""
        ...


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
