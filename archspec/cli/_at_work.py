"""What runs on the workers and nodes of an engine: bars on a terminal, lines in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archspec.cli._terminal import bars, safe, say

if TYPE_CHECKING:
    from archspec.experiment import AtWork

AT_WORK_SHOWN = 8
AT_WORK_EACH_S = 60.0  # in a pipe


def describe_at_work(name: str, one: AtWork, *, steps: bool = True) -> str:
    """`trial 7 · miou 320 of 920 · on node2`."""
    counted = f" {one.done:,} of {one.total:,}" if one.total and steps else ""
    parts = (name, f"{one.what}{counted}".strip(), f"on {one.where}" if one.where else "")
    return " · ".join(part for part in parts if part)


def at_work_lines(several: Mapping[str, AtWork]) -> list[str]:
    """A line for each of the first few, safe on a terminal."""
    lines = [safe(f"  {describe_at_work(name, one)}") for name, one in list(several.items())[:AT_WORK_SHOWN]]
    more = len(several) - len(lines)
    return [*lines, f"  … and {more} more"] if more else lines


class AtWorkLines:
    """What runs, for a pipe: a line each, once in a while."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, several: Mapping[str, AtWork]) -> None:
        """Lines, where the last ones are a minute old."""
        if time.monotonic() - self._last >= AT_WORK_EACH_S:
            self._last = time.monotonic()
            for line in at_work_lines(several):
                say(line)


@contextmanager
def work_bars(words: str) -> Iterator[WorkBars]:
    """Bars of what is done one by one: how many are, and one for each that runs; lines in a pipe."""
    if not sys.stderr.isatty():
        yield WorkBars(words, None)
        return
    with bars() as shown:
        yield WorkBars(words, shown)


class WorkBars:
    """`shown` are rich's bars, None in a pipe."""

    def __init__(self, words: str, shown: Any) -> None:
        self._shown, self._lines = shown, AtWorkLines()
        self._count = None if shown is None else shown.add_task(words, total=None)
        self._running: dict[str, Any] = {}

    def count(self, what: str, done: int, total: int) -> None:
        """So many are done."""
        if self._shown is None:
            say(f"{what}: {done} of {total} trainings")
            return
        self._shown.update(self._count, total=total, completed=done, refresh=True)

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """How far those are that run."""
        if self._shown is None:
            self._lines.show(several)
            return
        shown = dict(list(several.items())[:AT_WORK_SHOWN])
        for name in [name for name in self._running if name not in shown]:
            self._shown.remove_task(self._running.pop(name))
        for name, one in shown.items():
            words = describe_at_work(f"  {name}", one, steps=False)
            if name not in self._running:
                self._running[name] = self._shown.add_task(words, total=None)
            total = one.total or None
            self._shown.update(self._running[name], description=words, total=total, completed=one.done)
        self._shown.refresh()

    def message(self, text: str) -> None:
        """A line that stays, above the bars."""
        if self._shown is None:
            say(text)
        else:
            self._shown.console.print(safe(text), highlight=False, markup=False, soft_wrap=True)
