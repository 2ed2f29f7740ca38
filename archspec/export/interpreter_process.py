"""The process in which LiteRT runs files that we did not write: what it dies of is one line here.

LiteRT believes what a file says, and a damaged one ends its process (SIGSEGV, abort) or never comes back. There is one
such process, made when it is first needed, used until it dies, and ended with this one.
"""

from __future__ import annotations

import atexit
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from archspec.errors import Problem
from archspec.export.wire import message, read_message

LIMIT_S = 30.0  # of a call that is not expected to take any time, the start of the process included
ENDING_S = 2.0
REMEDY = "The file is damaged, or needs what this version of LiteRT cannot do"
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
    "from archspec.export.interpreter_program import main; main()"
)
_PIPE_BYTES = 1 << 20


class Housed:
    """An object of ours in that process. `target` is `module:name` of what makes it, `limit_s` how long that may take.

    Calls take and give plain values, bytes and arrays. Raises `Problem` when LiteRT refuses, dies or hangs.
    """

    def __init__(self, target: str, *arguments: Any, limit_s: float = LIMIT_S) -> None:
        self._process = _Process.shared()
        self._number = self._process.ask({"make": target, "with": arguments}, limit_s)

    def call(self, method: str, *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        """What a method gives back."""
        return self._process.ask({"of": self._number, "call": method, "with": arguments}, limit_s)

    def __del__(self) -> None:
        if "_number" in self.__dict__:
            self._process.dropped.append(self._number)  # a finaliser may run in the middle of a call: asks nothing


class _Process:
    """A conversation with one process; over after any failure of it."""

    _shared: _Process | None = None

    def __init__(self) -> None:
        roots = "\n".join(path for path in sys.path if path)
        command = [sys.executable, "-c", _PROGRAM, roots]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._questions: Any = self._child.stdin
        self._answers: Any = self._child.stdout
        self._owner = os.getpid()
        self._turn = threading.Lock()
        self.dropped: list[int] = []
        self._widen()
        atexit.register(self.close)

    @classmethod
    def shared(cls) -> _Process:
        """The one of this process, a new one where it has ended."""
        found = cls._shared
        if found is None or found._owner != os.getpid() or found._child.poll() is not None:
            found = cls._shared = cls()
        return found

    def ask(self, question: dict[str, Any], limit_s: float) -> Any:
        """The answer's value. Raises `Problem` where there is none within the time."""
        with self._turn:
            if self._owner != os.getpid() or self._child.poll() is not None:
                raise Problem("LiteRT has died of another file meanwhile", "Name the files one by one")
            drop, self.dropped = self.dropped, []
            try:
                answer = self._asked({**question, "drop": drop}, time.monotonic() + limit_s)
            except TimeoutError:
                self.close(0.0)
                raise Problem(f"LiteRT did not come back within {limit_s:g} s", REMEDY) from None
            except (OSError, EOFError):
                raise Problem(f"LiteRT dies of it ({self._cause()})", REMEDY) from None
            except ValueError as error:
                self.close(0.0)
                raise Problem(f"LiteRT's process no longer makes sense ({error})", REMEDY) from None
            except BaseException:
                self.close(0.0)  # the answer would be taken for that of the next question
                raise
        if "problem" in answer:
            raise Problem(*answer["problem"])
        if "broken" in answer:
            raise RuntimeError(answer["broken"])
        return answer["value"]

    def close(self, patience_s: float = ENDING_S) -> None:
        """Ends with its input; what does not is killed."""
        if self._owner != os.getpid():
            return
        atexit.unregister(self.close)
        for stream in (self._questions, self._answers):
            with suppress(OSError):
                stream.close()
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(ENDING_S)

    def _asked(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        for piece in message(question):
            self._questions.write(piece)
        self._questions.flush()
        answer = read_message(lambda count: self._exactly(count, deadline))
        if not isinstance(answer, dict) or not {"value", "problem", "broken"} & set(answer):
            raise ValueError("an answer that means nothing")
        return dict(answer)

    def _exactly(self, count: int, deadline: float) -> bytearray:
        found = bytearray(count)
        view, at = memoryview(found), 0
        number = self._answers.fileno()
        with selectors.DefaultSelector() as waiting:
            waiting.register(number, selectors.EVENT_READ)
            while at < count:
                if not waiting.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                read = os.readv(number, [view[at:]])
                if not read:
                    raise EOFError
                at += read
        return found

    def _cause(self) -> str:
        try:
            code = self._child.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            code = 0
        self.close(0.0)
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def _widen(self) -> None:
        """Wide pipes: a map of scores is megabytes."""
        with suppress(ImportError, OSError, AttributeError):
            import fcntl

            for stream in (self._questions, self._answers):
                fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
