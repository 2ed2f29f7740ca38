"""Silence for what TensorFlow prints from C++: at import, and thousands of lines when it exports or converts."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STREAMS = (1, 2)  # standard output and standard error, of the whole process
LAST_LINES = 20


@contextmanager
def quiet() -> Iterator[None]:
    """Everything printed inside goes to a temporary file; an exception takes the last lines along as a note."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # a stream may be closed or missing
            stream.flush()
    with tempfile.TemporaryFile() as file:
        kept = {descriptor: copy for descriptor in STREAMS if (copy := _copy(descriptor)) is not None}
        try:
            for descriptor in kept:
                os.dup2(file.fileno(), descriptor)
            yield
        except Exception as error:
            if said := _last_lines(file.fileno()):
                error.add_note(said)
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            for descriptor, copy in kept.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def _copy(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _last_lines(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, size).decode("utf-8", "replace") if size else ""
    return "\n".join(text.splitlines()[-LAST_LINES:])
