"""What is going on, on the terminal's error stream; silent when that is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.devices import Progress

REDRAWN_EACH_S = 0.1
BAR = 24
COUNTS = 26  # terminal cells for `12345/67890 0:12:34` and what parts the columns


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """A spinner beside what is being done, as long as it takes."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextmanager
def counting(words: str) -> Iterator[Callable[[int, int], None]]:
    """A listener for (done, total), which draws a bar; a few times a second, since it may hear thousands."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    import time

    with _bars() as shown:
        task = shown.add_task(words, total=None)
        drawn = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal drawn
            if time.monotonic() - drawn > REDRAWN_EACH_S or done == total:
                drawn = time.monotonic()
                shown.update(task, total=total, completed=done, refresh=True)

        yield tell


@contextmanager
def watching(words: str) -> Iterator[Callable[[Progress], None]]:
    """A watcher for a measurement, which draws a bar of its rounds.

    It draws only when told, between runs: a thread that refreshed a spinner would run beside what is being timed.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with _bars() as shown:
        task = shown.add_task(words, total=None)

        def watch(progress: Progress) -> None:
            total = progress.total if progress.stage == "round" else None
            stage = f"{words}: {progress.stage} {progress.model}".rstrip()
            shown.update(task, description=stage, total=total, completed=progress.done, refresh=True)

        yield watch


def _bars() -> Any:
    from rich.progress import TimeElapsedColumn

    return bars(TimeElapsedColumn(), auto_refresh=False)


def bars(time: Any, *, auto_refresh: bool = True) -> Any:
    """rich's bars on the error stream: what is done, a bar, how many, and a column of time, in one line each."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(stderr=True)
    room = max(10, console.width - BAR - COUNTS)
    words = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=room))
    columns = (words, BarColumn(bar_width=BAR), MofNCompleteColumn(), time)
    return Progress(*columns, console=console, transient=True, auto_refresh=auto_refresh)
