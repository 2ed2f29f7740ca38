"""What can be seen of a search while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from archspec.experiment import AtWork
from archspec.search.history import History
from archspec.search.pareto import Point
from archspec.search.trials import Objective, Trial

Stopped = Literal["budget", "exhausted", "patience", "time"]
"""Why a search ended: budget spent; nothing new in the space; too many in a row rejected or known; time is up."""


ENDLESS = 10**9
"""A budget that is none."""


@dataclass(frozen=True)
class Progress:
    """A search as it stands. Front and hypervolume are worked out when asked for. `names` are of priors, by key."""

    history: History
    budget: int
    elapsed_s: float
    repeated: int
    folded: int
    done_before: int = 0
    most_steps: int | None = None
    steps_before: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        return {state: count for state, count in self.history.counts.items() if count}

    @property
    def rejects(self) -> Mapping[str, int]:
        return dict(self.history.rejects)

    @property
    def front(self) -> list[Trial]:
        return self.history.front()

    @property
    def hypervolume(self) -> float:
        """Of the front, from the reference point of everything evaluated so far: it may fall when that moves."""
        return self.history.hypervolume()

    @property
    def left_s(self) -> float | None:
        """Seconds until the budget is spent at the pace of this session; None before its first result."""
        if self.most_steps is not None:
            steps = self.history.steps - self.steps_before
            return self.elapsed_s / steps * max(0, self.most_steps - self.history.steps) if steps > 0 else None
        done = self.history.counts["done"] - self.done_before
        if done <= 0:
            return None
        return self.elapsed_s / done * max(0, self.budget - self.history.counts["done"])


class SearchProgress(Protocol):
    """Hears of a search. Called in the driver's process: it must not take long."""

    def message(self, text: str) -> None:
        """A line that stays."""

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """How far those are that run, by what they are of; a few times a second."""

    def started(self, progress: Progress) -> None:
        """What was there before is known; nothing was proposed yet."""

    def claimed(self, trial: Trial, progress: Progress) -> None:
        """A candidate is on its way to a worker."""

    def finished(self, trial: Trial, progress: Progress) -> None:
        """A trial is done, rejected or failed, or a rung of it is finished (paused)."""

    def ended(self, result: SearchResult) -> None:
        """The last that is heard."""


class Silent:
    """A watch that looks away."""

    def message(self, text: str) -> None:
        """Nothing."""

    def at_work(self, several: Mapping[str, AtWork]) -> None:
        """Nothing."""

    def started(self, progress: Progress) -> None:
        """Nothing."""

    def claimed(self, trial: Trial, progress: Progress) -> None:
        """Nothing."""

    def finished(self, trial: Trial, progress: Progress) -> None:
        """Nothing."""

    def ended(self, result: SearchResult) -> None:
        """Nothing."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found: `trials` are all of the study in order of number, `front` the non-dominated done ones.

    `reference` is the point `hypervolume` is measured from, in costs (negated where larger is better), None without
    a single result; `message` says why it stopped when that is not the budget. `steps` are the training steps that all
    trials cost, of a study with fidelities; `seconds` how long their evaluations took.
    """

    study: str
    objectives: tuple[Objective, ...]
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    repeated: int
    folded: int
    hypervolume: float
    reference: Point | None
    stopped: Stopped
    message: str
    elapsed_s: float
    steps: int = 0
    seconds: float = 0.0


def describe_end(stopped: Stopped, progress: Progress, patience: int) -> str:
    """Why a search ended before its budget was spent, and that it ended without a result; nothing where neither is."""
    history, wanted = progress.history, progress.budget
    done, fidelity = history.counts["done"] if history.fidelity is None else history.counted, history.fidelity
    what = "evaluations" if fidelity is None else "candidates begun"
    of = f"{done} of {wanted} {what}" if wanted < ENDLESS else f"{done} {what}"
    why = {
        "budget": "",
        "exhausted": f"the space is exhausted: {of}, no candidate is left",
        "patience": f"given up: {patience} proposals in a row were rejected or known ({of}). "
                    "Loosen the limits or widen the space",
        "time": f"the time is up: {of}",
    }[stopped]  # fmt: skip
    if fidelity is None or history.counts["done"] or not history.trials:
        return why
    waiting = f"{history.counts['paused']} wait at lower rungs"
    nothing = f"no candidate has finished the last rung ({fidelity.whole:,} steps), so the front is empty: {waiting}"
    return f"{why}; {nothing}" if why else nothing
