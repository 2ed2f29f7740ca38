"""What runs in the process of a foreign `.tflite`: makes objects of ours and calls their methods, one call at a time.

Reads messages (archspec/export/wire.py) from its input and answers each on its output; ends with its input.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

from archspec.errors import Problem, UserError
from archspec.export.wire import message, read_message

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
            line = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
            return {"problem": [f"cannot be run by LiteRT ({line})", ""]}
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
            answer = room.answer(read_message(lambda count: _exactly(source, count)))
            for piece in message(answer):
                _write(answers, piece)


def _exactly(source: BinaryIO, count: int) -> bytearray:
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
