"""What can be seen of a study while it runs: its search, what comes before and after, and how long all of it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from archspec.devices import Progress as Rounds
from archspec.measures import measure_named
from archspec.predictor import CalibrationProgress
from archspec.search.fidelity import Fidelity
from archspec.search.progress import ENDLESS, SearchProgress
from archspec.search.study.study import EQUAL, Study
from archspec.search.trials import Trial
from archspec.train import load_recipe


class StudyProgress(SearchProgress, Protocol):
    """Hears of a study: of its search as a `SearchProgress` does, and of what comes before and after."""

    def calibrating(self, progress: CalibrationProgress) -> None:
        """A step of the quick latency table."""
        ...

    def timing(self, progress: Rounds) -> None:
        """A step of the latencies of the front; between runs, never during one."""
        ...

    def measuring(self, what: str, done: int, total: int) -> None:
        """A step of what else is measured of the front, and of what stands beside it."""
        ...


LEAST_S = 1.0  # of a training; a number that is known already is read faster


@dataclass(frozen=True)
class Estimate:
    """Seconds of a full training and of what they add up to: the search, the networks beside it and at random, and
    every network whose front metrics train (`front_each_s`). None where nothing says how many there will be."""

    training_s: float
    search_s: float | None
    beside_s: float | None
    front_each_s: float
    front_s: float | None


def estimate(study: Study, trial: Trial, fidelity: Fidelity | None, trainings: float | None) -> Estimate | None:
    """From the first trial that was trained; `trainings` are what the search may cost, None without such a limit.

    None of a study that trains nothing, and where the trial's number was known, so that nothing was trained for it.
    """
    trained = _trained(study.searched)
    seconds = trial.finished_at - trial.started_at
    if not trained or seconds < LEAST_S or trial.state not in ("done", "paused"):
        return None
    if fidelity is not None and trial.rungs:
        seconds *= fidelity.whole / fidelity.added(len(trial.rungs) - 1)
    at_once = study.workers
    minutes = study.budget.minutes
    search = None if trainings is None else trainings * seconds / at_once
    if minutes is not None:
        search = min(60 * minutes, search) if search is not None else 60 * minutes
    bought = None if search is None else search * at_once / seconds
    drawn = bought if study.front.random == EQUAL else float(study.front.random)
    beside = None if drawn is None else (len(study.beside) + drawn) * seconds / at_once
    each = len(study.front.seeds) * sum(seconds * _longer(study, metric) for metric in _trained(study.front.metrics))
    points = study.front.points
    many = None if points is None else len(study.beside) + points * (2 if study.front.random else 1)
    return Estimate(seconds, search, beside, each / at_once, None if many is None else many * each / at_once)


def trainings_wanted(budget: int, most_steps: int | None, fidelity: Fidelity | None) -> float | None:
    """What a search may cost in full trainings; None where neither steps nor candidates are limited.

    Of a study with rungs whose candidates are counted, `1 / eta` of a rung goes on to the next.
    """
    if fidelity is None:
        return None if budget >= ENDLESS else float(budget)
    if most_steps is not None:
        return most_steps / fidelity.whole
    if budget >= ENDLESS:
        return None
    steps = sum(fidelity.added(rung) / fidelity.eta**rung for rung in range(fidelity.last + 1))
    return float(budget) * steps / fidelity.whole


def _trained(metrics: Sequence[str]) -> list[str]:
    return [metric for metric in metrics if measure_named(metric).trains]


def _longer(study: Study, metric: str) -> float:
    """How many times as many steps the recipe of the front has, where both recipes say how many."""
    searched = next((study.recipes[one] for one in _trained(study.searched) if one in study.recipes), "")
    front = study.front.recipes.get(metric) or study.recipes.get(metric, "")
    if not searched or not front or searched == front:
        return 1.0
    lengths = [[stage.steps for stage in load_recipe(name).stages] for name in (searched, front)]
    if any(steps is None for length in lengths for steps in length):
        return 1.0
    first, last = (float(sum(steps for steps in length if steps is not None)) for length in lengths)
    return last / first if first else 1.0
