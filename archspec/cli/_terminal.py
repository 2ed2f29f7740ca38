"""The three standard streams, messages beside the results, and progress: spinners and bars.

A descriptor 0, 1 or 2 that is closed is the first that the next file gets: what a library prints would then stand in
that file. So whatever is closed becomes the null device, and closed standard output is a fault. Messages hold names,
paths and values from files of others: everything that could drive a terminal is escaped. Progress goes to the error
stream, where that is a terminal.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from archspec.errors import escaped, nearest, user_error

if TYPE_CHECKING:
    from archspec.devices import Progress
    from archspec.network import Network

REDRAWN_EACH_S = 0.1
BAR = 24
COUNTS = 26  # terminal cells for `12345/67890 0:12:34` and what parts the columns

_OUTPUT, _ERROR = 1, 2
_NOT_ONE_OF = re.compile(r"(['\"])(?P<word>.*?)\1 is not one of ", re.DOTALL)
_NO_COMMAND = re.compile(r"No such command '(?P<word>.*)'", re.DOTALL)


def open_standard_streams() -> None:
    """Open what is closed; exit with 2 and a line where it is standard output, which would be lost."""
    closed = [number for number in (0, _OUTPUT, _ERROR) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if _ERROR in closed or sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the life of the process
    if sys.stdout is None:
        fault = user_error("standard output is closed", "Send it to a file, to a pipe, or to /dev/null")
        print(f"archspec: {fault}", file=sys.stderr)
        sys.exit(2)


def discard_output() -> None:
    """What is still buffered goes nowhere, so that the end of the process says nothing more of it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def say(message: object) -> None:
    """Print a message to the error stream at once; its own line breaks stay, other control characters are escaped."""
    print(safe(str(message)), file=sys.stderr, flush=True)


def say_cautions(networks: Iterable[Network]) -> None:
    """Print what the networks' own checks advise against, a line each."""
    for line in dict.fromkeys(f"caution: {fault}" for network in networks for fault in network.cautions):
        say(line)


def safe(text: str) -> str:
    """Lines of text that are safe on a terminal."""
    return "\n".join(map(escaped, text.split("\n")))


def usage_message(error: click.ClickException) -> str:
    """What click says of a wrong command line, with the nearest option, value or command for one that is not there."""
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        options = [name for one in error.ctx.command.get_params(error.ctx) for name in one.opts if name[:2] == "--"]
        return f"no option '{error.option_name}'. {nearest(error.option_name, options)}"
    command = error.ctx.command if isinstance(error, click.UsageError) and error.ctx is not None else None
    unknown = _NO_COMMAND.match(error.message)
    if unknown and isinstance(command, click.Group):
        commands = command.list_commands(error.ctx)  # type: ignore[attr-defined]
        return f"no command '{unknown['word']}'. {nearest(unknown['word'], commands)}"
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param is not None else None
    wrong = _NOT_ONE_OF.match(error.message)
    if wrong and isinstance(kind, click.Choice):
        close = nearest(wrong["word"], kind.choices)
        return f"{message} {close}" if close.startswith("Did") else message
    return message


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
