"""LiteRT in a process of its own, for files that we did not write: whatever it dies of is one line here.

LiteRT believes what a file says, and a damaged one ends its process (SIGSEGV, abort) or never comes back. There is one
such process, made when it is first needed, used until it dies, and ended with this one. It makes objects of ours and
calls their methods, one call at a time: it reads messages from its input, answers each on its output, and ends with its
input. A message is a line of JSON and the raw bytes that it speaks of: two lengths, the lengths of the blobs, the JSON,
the blobs. Nothing that is read can run anything.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO

import numpy as np

from archspec.errors import Problem, UserError, first_line

MOST_BYTES = 2**33  # of one blob
MOST_BLOBS = 4096
_HEAD = Struct("<II")
_LENGTH = Struct("<Q")
Read = Callable[[int], bytearray]


def message(value: Any) -> Iterator[bytes | memoryview]:
    """The pieces of a message in order: None, numbers, text, lists, tuples, dicts of text, bytes, arrays, types."""
    blobs: list[memoryview] = []
    text = json.dumps(_packed(value, blobs)).encode()
    lengths = b"".join(_LENGTH.pack(blob.nbytes) for blob in blobs)
    yield _HEAD.pack(len(text), len(blobs)) + lengths + text
    yield from blobs


def read_message(read: Read) -> Any:
    """The value of the next message; `read` gives exactly so many bytes. Tuples come as lists.

    Raises `ValueError` for what is none, and whatever `read` raises.
    """
    text_bytes, count = _HEAD.unpack(read(_HEAD.size))
    if count > MOST_BLOBS:
        raise ValueError(f"{count} blobs")
    lengths = [_LENGTH.unpack(read(_LENGTH.size))[0] for _ in range(count)]
    if max((text_bytes, *lengths)) > MOST_BYTES:
        raise ValueError(f"{max((text_bytes, *lengths))} bytes")
    tree = json.loads(read(text_bytes))
    try:
        return _unpacked(tree, [read(length) for length in lengths])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"a message that means nothing ({error!r})") from error


def _packed(value: Any, blobs: list[memoryview]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_packed(one, blobs) for one in value]
    if isinstance(value, type):
        return {"type": np.dtype(value).str}
    if isinstance(value, dict):
        return {"dict": {str(key): _packed(one, blobs) for key, one in value.items()}}
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value)
        blobs.append(memoryview(flat.reshape(-1).view(np.uint8)))  # type: ignore[arg-type]
        return {"array": len(blobs) - 1, "dtype": flat.dtype.str, "shape": list(value.shape)}
    blobs.append(memoryview(value))
    return {"bytes": len(blobs) - 1}


def _unpacked(tree: Any, blobs: Sequence[bytearray]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(one, blobs) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if "dict" in tree:
        return {key: _unpacked(one, blobs) for key, one in tree["dict"].items()}
    if "type" in tree:
        return np.dtype(tree["type"]).type
    if "array" in tree:
        return np.frombuffer(blobs[tree["array"]], np.dtype(tree["dtype"])).reshape(tree["shape"])
    return bytes(blobs[tree["bytes"]])


LIMIT_S = 30.0  # of a call that is not expected to take any time, the start of the process included
ENDING_S = 2.0
REMEDY = "The file is damaged, or needs what this version of LiteRT cannot do"
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n'); "
    "from archspec.export.interpreter_process import main; main()"
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


PACKAGE = "archspec."
SPARE_BYTES = 2**32


class Room:
    """The objects of this process, by number."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._next = 0

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question: `{"value": …}`, or what went wrong, in a form that can be raised again."""
        try:
            return {"value": self._done(question)}
        except Problem as problem:
            return {"problem": [problem.fact, problem.remedy]}
        except UserError as error:
            return {"problem": [error.faults[0].message, error.faults[0].remedy]}
        except (ValueError, RuntimeError, MemoryError) as error:  # what LiteRT raises
            return {"problem": [f"cannot be run by LiteRT ({first_line(error).rstrip('.')})", ""]}
        except ImportError as error:
            return {"problem": [f"LiteRT cannot be imported ({error})", "pip install ai-edge-litert"]}
        except Exception:  # noqa: BLE001 (a fault of ours, to be seen on the other side)
            return {"broken": traceback.format_exc()}

    def _done(self, question: dict[str, Any]) -> Any:
        for number in question["drop"]:
            self._objects.pop(number, None)
        if "make" in question:
            module, _, name = question["make"].partition(":")
            if not module.startswith(PACKAGE):
                raise TypeError(module)
            self._next += 1
            self._objects[self._next] = attrgetter(name)(import_module(module))(*question["with"])
            return self._next
        return getattr(self._objects[question["of"]], question["call"])(*question["with"])


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the runtime prints must not stand between answers
    _be_expendable()
    room = Room()
    source = sys.stdin.buffer
    with suppress(EOFError, BrokenPipeError):
        while True:
            answer = room.answer(read_message(lambda count: _read_exactly(source, count)))
            for piece in message(answer):
                _write(answers, piece)


def _read_exactly(source: BinaryIO, count: int) -> bytearray:
    found = bytearray(count)
    view, at = memoryview(found), 0
    while at < count:
        read = source.readinto(view[at:])  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        at += read
    return found


def _write(answers: Any, piece: bytes | memoryview) -> None:
    view, at = memoryview(piece), 0
    while at < len(view):
        at += answers.write(view[at:])


def _be_expendable() -> None:
    """A file that asks for all memory takes this process, never another one."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "utf-8")
    with suppress(ImportError, OSError, ValueError):
        import resource

        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        most = 2 * memory + SPARE_BYTES  # addresses, of which far fewer are ever used
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
