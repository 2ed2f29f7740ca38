"""How far a data set has been read, as a bar; silent where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archspec.cli._progress import _bars


@contextmanager
def counting(words: str) -> Iterator[Callable[[int, int], None]]:
    """A function to be told `(done, total)`, which draws a bar."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _bars() as shown:
        task = shown.add_task(words, total=None)
        yield lambda done, total: shown.update(task, total=total, completed=done, refresh=True)
