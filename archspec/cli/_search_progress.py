"""A search as it goes: a picture that is redrawn on a terminal, a line for every result in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archspec.cli._terminal import safe, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from archspec.devices import Progress as Rounds
    from archspec.predictor import CalibrationProgress
    from archspec.reporters import Table
    from archspec.search.study import Study
    from archspec.search.study.running import StudyWatch
    from archspec.search.trials import Trial
    from archspec.search.watching import Progress, SearchResult

SHOWN = 12
EVERY_S = 0.25
QUIET_S = 2.0


@contextmanager
def watching_study(study: Study) -> Iterator[StudyWatch]:
    """Watches a study on the error stream."""
    if not sys.stderr.isatty():
        yield _Lines(study)
        return
    with _Screen(study) as screen:
        yield screen


class _Lines:
    """Lines for a pipe: what is said, every evaluation, and of cheap ones every other second."""

    def __init__(self, study: Study) -> None:
        self._study, self._told = study, float("-inf")

    def said(self, text: str) -> None:
        """At once."""
        say(text)

    def calibrating(self, progress: CalibrationProgress) -> None:
        """Now and then."""
        self._seldom(f"latency table: {progress.stage} {progress.done}/{progress.total}")

    def timing(self, progress: Rounds) -> None:
        """Now and then; it is told between runs."""
        self._seldom(f"latency of the front: {progress.stage} {progress.done}/{progress.total}")

    def measuring(self, what: str, done: int, total: int) -> None:
        """Each."""
        self.said(f"front: {what} {done}/{total}")

    def started(self, progress: Progress) -> None:
        """What there was."""
        if progress.counts:
            self.said(f"goes on: {_counts(progress)}")

    def claimed(self, trial: Trial, progress: Progress) -> None:
        """Too often for a pipe."""

    def finished(self, trial: Trial, progress: Progress) -> None:
        """One line."""
        if trial.state != "rejected":
            self._seldom(f"{_counts(progress)}  {_said(trial)}")

    def ended(self, result: SearchResult) -> None:
        """The tables say it."""

    def _seldom(self, text: str) -> None:
        if time.monotonic() - self._told >= QUIET_S:
            self._told = time.monotonic()
            self.said(text)


class _Screen:
    """A table of the front and a line of counts, redrawn."""

    def __init__(self, study: Study) -> None:
        from rich.console import Console
        from rich.live import Live

        self._study, self._drawn = study, float("-inf")
        self._console = Console(stderr=True)
        self._live = Live("", console=self._console, transient=True, auto_refresh=False)

    def __enter__(self) -> _Screen:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def said(self, text: str) -> None:
        """Above."""
        self._console.print(safe(text), highlight=False, markup=False, soft_wrap=True)

    def calibrating(self, progress: CalibrationProgress) -> None:
        """A line."""
        self._line("latency table", progress)

    def timing(self, progress: Rounds) -> None:
        """A line, between runs."""
        self._line("latency of the front", progress)

    def measuring(self, what: str, done: int, total: int) -> None:
        """A line."""
        self._draw(f"front: {what}, {done} of {total}", always=True)

    def started(self, progress: Progress) -> None:
        """The first picture."""
        self._draw(_Later(self._study, progress), always=True)

    def claimed(self, trial: Trial, progress: Progress) -> None:
        """Redraw, seldom."""
        self._draw(_Later(self._study, progress))

    def finished(self, trial: Trial, progress: Progress) -> None:
        """Redraw, seldom."""
        self._draw(_Later(self._study, progress))

    def ended(self, result: SearchResult) -> None:
        """Nothing is left of it: the tables come."""
        self._draw("", always=True)

    def _line(self, words: str, progress: CalibrationProgress | Rounds) -> None:
        self._draw(f"{words}: {progress.stage} {progress.done} of {progress.total}")

    def _draw(self, what: RenderableType | _Later, always: bool = False) -> None:
        if always or time.monotonic() - self._drawn > EVERY_S:
            self._drawn = time.monotonic()
            picture = what.picture(self._console.width) if isinstance(what, _Later) else what
            self._live.update(picture, refresh=True)


class _Later:
    """A picture that is made only when it is drawn."""

    def __init__(self, study: Study, progress: Progress) -> None:
        self._study, self._progress = study, progress

    def picture(self, width: int) -> RenderableType:
        return _picture(self._study, self._progress, width)


def _picture(study: Study, progress: Progress, width: int) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from archspec.reporters import drawn

    more = [Text(f"… and {len(progress.front) - SHOWN} more")] if len(progress.front) > SHOWN else []
    return Group(drawn(front_so_far(study, progress), width), *more, Text(_counts(progress)))


def front_so_far(study: Study, progress: Progress) -> Table:
    """The first points of the front, by their objectives."""
    from archspec.reporters import Cell, Column, Table

    names = [one.name for one in study.objectives]
    columns = (Column("trial", "trial", kind="integer"), *(Column(name, name, align="right") for name in names))
    rows: list[tuple[Cell, ...]] = [
        (trial.number, *(_number(trial.values.get(name)) for name in names)) for trial in progress.front[:SHOWN]
    ]
    return Table(f"{study.name}: the front so far", columns, tuple(rows))


def _counts(progress: Progress) -> str:
    counts = progress.counts
    budget = f" of {progress.budget}" if progress.budget < 10**8 else ""
    parts = [f"{counts.get('done', 0)}{budget} evaluated"]
    if counts.get("running"):
        parts.append(f"{counts['running']} running")
    if progress.rejects:
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(progress.rejects.items()))
        parts.append(f"{sum(progress.rejects.values())} rejected ({reasons})")
    others = (("failed", counts.get("failed", 0)), ("folded", progress.folded))
    parts += [f"{value} {name}" for name, value in others if value]
    if progress.front:
        parts.append(f"hypervolume {progress.hypervolume:.4g}")
    if progress.left_s is not None and budget:
        parts.append(f"{_duration(progress.left_s)} left")
    return " · ".join(parts)


def _said(trial: Trial) -> str:
    if trial.state == "failed":
        return f"trial {trial.number} failed: {trial.reason}"
    values = ", ".join(f"{name} {_number(value)}" for name, value in trial.values.items())
    return f"trial {trial.number}: {values}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
