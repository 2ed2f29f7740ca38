"""One process at a time: a file that is locked while something is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(file: Path) -> Iterator[bool]:
    """Whether nobody else is in here with the same file: `False` at once where somebody is.

    The file is made with its folder, and stays; a process that was killed has let go. Without POSIX locks it is always
    `True`. Raises `OSError` where the file cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        if os.name != "posix":
            yield True
            return
        import fcntl

        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """Wait until no other process is in here with the same file; one that was killed has let go.

    The file is made with its folder, and stays. Raises `OSError` where that cannot be. Without POSIX locks nobody
    waits.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        if os.name == "posix":
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        yield
