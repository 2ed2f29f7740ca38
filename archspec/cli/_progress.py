"""What is going on, on the terminal's error stream; silent when that is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.devices import Progress


class Steps:
    """A line that says what is being done, with a spinner, and a bar where the end is known."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._task: Any = None

    def __enter__(self) -> Steps:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            self._shown = Bars(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
            )
            self._shown.start()
            self._task = self._shown.add_task("", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

    def say(self, words: str) -> None:
        """The next thing begins."""
        if self._shown is not None:
            self._shown.update(self._task, description=words, total=None, completed=0)

    @contextmanager
    def bar(self, words: str) -> Iterator[Callable[[Progress], None]]:
        """A watcher for a measurement: its warm-up spins, its rounds fill the bar."""
        self.say(words)

        def watch(progress: Progress) -> None:
            if self._shown is not None:
                total = progress.total if progress.stage == "round" else None
                self._shown.update(
                    self._task, description=f"{words}: {progress.stage}", total=total, completed=progress.done
                )

        yield watch
