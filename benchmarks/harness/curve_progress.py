"""How far a table of learning curves is: a bar on a terminal, a line for every network in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.command import tell
from harness.curve_table import CurveRow

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@dataclass
class CurveProgress:
    """Lines; a subclass has a bar."""

    wanted: int
    trained: int = 0
    running: set[int] = field(default_factory=set)

    def known(self, trained: int) -> None:
        """So many are there already."""
        self.trained = trained
        if trained:
            self.say(f"goes on: {trained} of {self.wanted} networks are there")

    def started(self, number: int) -> None:
        """A network is being trained."""
        self.running.add(number)

    def finished(self, row: CurveRow) -> None:
        """A row is written."""
        self.running.discard(row.number)
        self.trained += not row.fault
        last = max((rung for rung, _ in row.scores), default=0)
        found = row.fault or f"mIoU {row.judged(last):.3f}, {row.cpu_seconds:.0f} s of processor time"
        self.say(f"{self.trained}/{self.wanted}  network {row.number} {row.hash[:12]}  {found}")

    def say(self, text: str) -> None:
        """One line."""
        tell(text)


@dataclass
class _Bar(CurveProgress):
    """Lines above a bar with the time that is left."""

    bar: Progress | None = None
    task: TaskID | None = None

    def known(self, trained: int) -> None:
        super().known(trained)
        self._draw()

    def started(self, number: int) -> None:
        super().started(number)
        self._draw()

    def finished(self, row: CurveRow) -> None:
        super().finished(row)
        self._draw()

    def say(self, text: str) -> None:
        assert self.bar is not None  # noqa: S101 - it is drawn from the beginning
        self.bar.console.print(text, highlight=False, markup=False)

    def _draw(self) -> None:
        assert self.bar is not None and self.task is not None  # noqa: S101
        at = ", ".join(map(str, sorted(self.running)))
        self.bar.update(self.task, completed=self.trained, description=f"training {at}" if at else "")


@contextmanager
def curve_progress(wanted: int) -> Iterator[CurveProgress]:
    """On the error stream."""
    if not sys.stderr.isatty():
        yield CurveProgress(wanted)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(wanted, bar=bar, task=bar.add_task("", total=wanted))
