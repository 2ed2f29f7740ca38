"""How far a search is: a picture that is redrawn on a terminal, a line for every result in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archspec.cli._at_work import AtWorkLines, at_work_lines
from archspec.cli._terminal import describe_duration, safe, say
from archspec.reporters import Cell, Column, Table, drawn
from archspec.search.progress import Silent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from archspec.devices import Progress as Rounds
    from archspec.experiment import AtWork
    from archspec.predictor import CalibrationProgress
    from archspec.reporters import Table
    from archspec.search.fidelity import Fidelity
    from archspec.search.progress import Progress, SearchResult
    from archspec.search.study import Study, StudyProgress
    from archspec.search.study.progress import Estimate
    from archspec.search.trials import Trial

SHOWN = 12  # points of the front
REDRAWN_EACH_S = 0.25
QUIET_S = 2.0
ENDLESS = 10**8  # a budget that is none


@contextmanager
def study_progress(study: Study) -> Iterator[StudyProgress]:
    """How far a study is, on the error stream."""
    if not sys.stderr.isatty():
        yield _Lines(study)
        return
    with _Screen(study) as screen:
        yield screen


class _Lines(Silent):
    """Lines for a pipe: every message at once, of everything else one in two seconds."""

    def __init__(self, study: Study) -> None:
        self._last = float("-inf")
        self._foretold, self._pace, self._at_work = _Foretold(study), _Pace(), AtWorkLines()

    def message(self, text: str) -> None:
        """At once."""
        say(text)

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """Once in a while."""
        self._at_work.show(several)

    def calibrating(self, progress: CalibrationProgress) -> None:
        """Now and then."""
        self._seldom(f"latency table: {progress.stage} {progress.done}/{progress.total}")

    def timing(self, progress: Rounds) -> None:
        """Now and then; it is called between runs."""
        self._seldom(f"latency of the front: {progress.stage} {progress.done}/{progress.total}")

    def measuring(self, what: str, done: int, total: int) -> None:
        """Each."""
        say(f"front: {what} {done}/{total}{self._pace.left(done, total)}")

    def started(self, progress: Progress) -> None:
        """What was known before."""
        if progress.counts:
            say(f"goes on: {_describe_counts(progress)}")

    def finished(self, trial: Trial, progress: Progress) -> None:
        """One line; after the first training, how long the study will take."""
        if told := self._foretold.after(trial, progress):
            say(told)
        name = progress.names.get(trial.key, "")
        if name:
            say(f"{_describe_counts(progress)}  {_describe_trial(trial, name)}")
        elif trial.state != "rejected":
            self._seldom(f"{_describe_counts(progress)}  {_describe_trial(trial)}")

    def _seldom(self, text: str) -> None:
        if time.monotonic() - self._last >= QUIET_S:
            self._last = time.monotonic()
            say(text)


class _Screen(Silent):
    """A table of the front and a line of counts, redrawn."""

    def __init__(self, study: Study) -> None:
        from rich.console import Console
        from rich.live import Live

        self._study, self._drawn = study, float("-inf")
        self._foretold, self._pace = _Foretold(study), _Pace()
        self._at_work: Mapping[str, AtWork] = {}
        self._progress: Progress | None = None
        self._front = ""  # how far what comes after the search is
        self._console = Console(stderr=True)
        self._live = Live("", console=self._console, transient=True, auto_refresh=False)

    def __enter__(self) -> _Screen:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def message(self, text: str) -> None:
        """Above the picture."""
        self._console.print(safe(text), highlight=False, markup=False, soft_wrap=True)

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """Lines under the picture, or under how far the front is."""
        self._at_work = several
        if self._front:
            self._draw(self._front_picture)
        elif self._progress is not None:
            self._draw(self._search_picture)

    def calibrating(self, progress: CalibrationProgress) -> None:
        """A line."""
        self._draw(lambda: f"latency table: {progress.stage} {progress.done} of {progress.total}")

    def timing(self, progress: Rounds) -> None:
        """A line, between runs."""
        self._draw(lambda: f"latency of the front: {progress.stage} {progress.done} of {progress.total}")

    def measuring(self, what: str, done: int, total: int) -> None:
        """A line."""
        left = self._pace.left(done, total)
        self._front = f"front: {what}, {done} of {total}{left}"
        self._draw(self._front_picture, always=True)

    def started(self, progress: Progress) -> None:
        """The first picture."""
        self._progress, self._front = progress, ""
        self._draw(self._search_picture, always=True)

    def claimed(self, trial: Trial, progress: Progress) -> None:
        """Redraw, a few times a second at most."""
        self._progress = progress
        self._draw(self._search_picture)

    def finished(self, trial: Trial, progress: Progress) -> None:
        """The same; after the first training, how long the study will take."""
        if told := self._foretold.after(trial, progress):
            self.message(told)
        self._progress = progress
        self._draw(self._search_picture)

    def ended(self, result: SearchResult) -> None:
        """Take the picture away: the tables come."""
        self._progress, self._at_work = None, {}
        self._draw(lambda: "", always=True)

    def _draw(self, picture: Callable[[], RenderableType], always: bool = False) -> None:
        """The picture is made only when it is drawn."""
        if always or time.monotonic() - self._drawn > REDRAWN_EACH_S:
            self._drawn = time.monotonic()
            self._live.update(picture(), refresh=True)

    def _front_picture(self) -> RenderableType:
        from rich.text import Text

        return Text("\n".join([self._front, *at_work_lines(self._at_work)]), no_wrap=True, overflow="ellipsis")

    def _search_picture(self) -> RenderableType:
        """The front so far, the counts, and what runs."""
        from rich.console import Group
        from rich.text import Text

        if self._progress is None:
            return ""
        lines = at_work_lines(self._at_work)
        below = [Text("\n".join(lines), no_wrap=True, overflow="ellipsis")] if lines else []
        return Group(self._picture(self._progress), *below)

    def _picture(self, progress: Progress) -> RenderableType:
        """The first points of the front, by their objectives, and the counts."""
        from rich.console import Group
        from rich.text import Text

        names = [one.name for one in self._study.objectives]
        columns = (Column("trial", "trial", align="right"), *(Column(name, name, align="right") for name in names))
        rows: list[tuple[Cell, ...]] = [
            (_numbered(trial, progress), *(_number(trial.values.get(name)) for name in names))
            for trial in progress.front[:SHOWN]
        ]
        table = Table(f"{self._study.name}: the front so far", columns, tuple(rows))
        more = [Text(f"… and {len(progress.front) - SHOWN} more")] if len(progress.front) > SHOWN else []
        return Group(drawn(table, self._console.width), *more, Text(_describe_counts(progress)))


class _Pace:
    """How long the rest takes of what is done one after the other, at the pace since it began."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def left(self, done: int, total: int) -> str:
        """In words; '' before the first is done."""
        if not done:
            self._begun = time.monotonic()
            return ""
        seconds = (time.monotonic() - self._begun) / done * (total - done)
        return f", {describe_duration(seconds)} left" if done < total else ""


class _Foretold:
    """How long a study will take: told once, when the first training of a session was timed."""

    def __init__(self, study: Study) -> None:
        self._study, self._told = study, False

    def after(self, trial: Trial, progress: Progress) -> str:
        """In words; '' where nothing was trained yet, or it was told."""
        from archspec.search.study.progress import estimate, trainings_wanted

        if self._told:
            return ""
        fidelity = progress.history.fidelity
        wanted = trainings_wanted(progress.budget, progress.most_steps, fidelity)
        found = estimate(self._study, trial, fidelity, wanted)
        self._told = found is not None
        return "" if found is None else _describe_estimate(found, self._study)


def _describe_estimate(found: Estimate, study: Study) -> str:
    parts = [f"by the first one, a full training takes about {describe_duration(found.training_s)}"]
    if found.search_s is not None:
        parts.append(f"the search about {describe_duration(found.search_s)} from its start")
    if found.beside_s and (study.beside or study.front.random):
        parts.append(f"what stands beside it about {describe_duration(found.beside_s)}")
    if found.front_each_s:
        seeds = f"{len(study.front.seeds)} seeds of each network at the end"
        total = f", {describe_duration(found.front_s)} in all" if found.front_s is not None else ""
        parts.append(f"{seeds} about {describe_duration(found.front_each_s)}{total}")
    return "; ".join(parts)


def _describe_counts(progress: Progress) -> str:
    counts, fidelity = progress.counts, progress.history.fidelity
    budget = f" of {progress.budget}" if progress.budget < ENDLESS else ""
    if fidelity is None:
        parts = [f"{counts.get('done', 0)}{budget} evaluated"]
    else:
        parts = [f"{progress.history.counted}{budget} begun", *_describe_rungs(progress, fidelity)]
    if counts.get("running"):
        parts.append(f"{counts['running']} running")
    if progress.rejects:
        reasons = ", ".join(f"{name} {count}" for name, count in sorted(progress.rejects.items()))
        parts.append(f"{sum(progress.rejects.values())} rejected ({reasons})")
    others = (("failed", counts.get("failed", 0)), ("folded", progress.folded))
    parts += [f"{value} {name}" for name, value in others if value]
    if progress.front:
        parts.append(f"hypervolume {progress.hypervolume:.4g}")
    if progress.left_s is not None and (budget or progress.most_steps is not None):
        parts.append(f"{describe_duration(progress.left_s)} left")
    return " · ".join(parts)


def _describe_rungs(progress: Progress, fidelity: Fidelity) -> list[str]:
    """How many wait at each rung and are fully trained, and what that cost."""
    history = progress.history
    waiting = history.promotions.waiting if history.promotions is not None else {}
    rungs = [f"{waiting[rung]} at {steps:,} steps" for rung, steps in enumerate(fidelity.steps) if waiting.get(rung)]
    parts = [f"paused: {', '.join(rungs)}"] if rungs else []
    of = f" of {progress.most_steps / fidelity.whole:g}" if progress.most_steps is not None else ""
    parts.append(f"{history.counts['done']} fully trained")
    return [*parts, f"{history.steps / fidelity.whole:.1f}{of} trainings ({describe_duration(history.seconds)})"]


def _describe_trial(trial: Trial, prior: str = "") -> str:
    which = f"trial {trial.number}{f' ({prior})' if prior else ''}"
    if trial.state in ("failed", "rejected"):
        return f"{which} {trial.state}: {trial.reason}"
    values = ", ".join(f"{name} {_number(value)}" for name, value in trial.values.items())
    rung = f", rung {len(trial.rungs)}" if trial.rungs else ""
    return f"{which}{rung}: {values}"


def _numbered(trial: Trial, progress: Progress) -> str:
    """A trial's number, and the name of a prior."""
    name = progress.names.get(trial.key)
    return f"{trial.number} ({name})" if name else f"{trial.number}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
