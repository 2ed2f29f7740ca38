"""A pause of Python's garbage collector while a graph or a program is made.

A graph is a thousand objects that point at each other, and none of them dies before it is done: the collector
would look at all of them again and again for nothing, a third of the time that tracing takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collection inside the block; afterwards the collector is as it was, also after an error."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
