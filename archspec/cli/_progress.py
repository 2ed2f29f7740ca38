"""Progress on the terminal's error stream: spinners and bars; nothing where that is not a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.devices import Progress

REDRAWN_EACH_S = 0.1
BAR = 24
COUNTS = 26  # terminal cells for `12345/67890 0:12:34` and what parts the columns


@contextmanager
def spinner(words: str) -> Iterator[None]:
    """A spinner beside what is being done, as long as it takes."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextmanager
def count_bar(words: str, *, ticking: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Gives `progress(done, total)`, which draws a bar.

    It draws only when it is called, a few times a second, since it may be called thousands of times; `ticking` ones
    are also redrawn between the calls, with the time that is left.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with bars(ticking=ticking) as shown:
        task = shown.add_task(words, total=None)
        drawn = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal drawn
            if time.monotonic() - drawn > REDRAWN_EACH_S or done == total:
                drawn = time.monotonic()
                shown.update(task, total=total, completed=done, refresh=True)

        yield progress


@contextmanager
def latency_bar(words: str) -> Iterator[Callable[[Progress], None]]:
    """Gives `progress(step)` for a measurement of latency, which draws a bar of its rounds.

    It draws only when it is called, between runs: a thread that refreshed a spinner would run beside what is timed.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with bars() as shown:
        task = shown.add_task(words, total=None)

        def progress(step: Progress) -> None:
            total = step.total if step.stage == "round" else None
            stage = f"{words}: {step.stage} {step.model}".rstrip()
            shown.update(task, description=stage, total=total, completed=step.done, refresh=True)

        yield progress


def bars(*, ticking: bool = False) -> Any:
    """rich's bars on the error stream: what is done, a bar, how many, and a column of time, in one line each."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    console = Console(stderr=True)
    room = max(10, console.width - BAR - COUNTS)
    words = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=room))
    columns = (words, BarColumn(bar_width=BAR), MofNCompleteColumn(),
               TimeRemainingColumn() if ticking else TimeElapsedColumn())  # fmt: skip
    return Progress(*columns, console=console, transient=True, auto_refresh=ticking)


def describe_duration(seconds: float) -> str:
    """`4:05`, `1:04:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
