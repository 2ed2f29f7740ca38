"""What a driver knows of its study: every trial, the keys, the front so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from archspec.search.fidelity import Fidelity
from archspec.search.pareto import Point, dominates, hypervolume, pareto_front, reference_point
from archspec.search.promotions import Promotions
from archspec.search.trials import FINISHED, Objective, Trial, at_rung, costs


class History:
    """Trials by number and by key, kept up to date by `take`. `always`: which go on while none dominates them."""

    def __init__(
        self,
        objectives: tuple[Objective, ...],
        fidelity: Fidelity | None = None,
        always: Callable[[Trial], bool] = lambda trial: False,
    ) -> None:
        self.objectives, self.fidelity = objectives, fidelity
        self.promotions = None if fidelity is None else Promotions(fidelity, objectives, always)
        self.steps = self.trained_steps = 0  # all that were begun, and those of finished rungs
        self.seconds = 0.0
        self.trials: dict[int, Trial] = {}
        self.numbers: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()
        self._points: dict[int, Point] = {}
        self._front: dict[int, Point] = {}

    def take(self, trial: Trial) -> bool:
        """Note a trial as it is now; True when it, or a rung of it, has just been finished.

        A finished trial may change, too: a cheaper candidate of the same function takes its place.
        """
        before = self.trials.get(trial.number)
        if before is not None:
            self._forget(before)
        self._count(trial, 1)
        if self.promotions is not None:
            self.promotions.take(trial)
        self.trials[trial.number] = trial
        self.numbers[trial.key] = trial.number
        self.counts[trial.state] += 1
        if trial.state == "rejected":
            self.rejects[trial.metric or "cannot be built"] += 1
        point = costs(self.objectives, trial.values) if trial.state == "done" else None
        if point is not None:
            self._add(trial.number, point)
        rungs = 0 if before is None else len(before.rungs)
        return len(trial.rungs) > rungs or (
            trial.state in FINISHED and (before is None or before.state not in FINISHED)
        )

    def events(self) -> list[Trial]:
        """Everything that a sampler is told, in its order: finished trials; with fidelities, each finished rung."""
        if self.fidelity is None:
            return in_order(self.trials.values())
        found = [one for trial in self.trials.values() for one in self._events(trial)]
        return [trial for _, trial in sorted(found, key=lambda one: one[0])]

    def events_since(self, before: Trial | None, trial: Trial) -> list[Trial]:
        """What a sampler has not been told yet of a trial that was noted as `before`."""
        if self.fidelity is None:
            return [trial]
        known = 0 if before is None else len(before.rungs)
        return [one for _, one in self._events(trial)[known:]]

    def _events(self, trial: Trial) -> list[tuple[int, Trial]]:
        """Each with the clock at which it was finished; clocks before are of another that stood in its place."""
        assert self.fidelity is not None  # noqa: S101 - asked above
        found = [at_rung(trial, rung, self.fidelity.last) for rung in range(len(trial.rungs))]
        found += [trial] if trial.state in ("rejected", "failed") else []
        return list(zip(trial.clocks[len(trial.clocks) - len(found) :], found, strict=True))

    def _count(self, trial: Trial, sign: int) -> None:
        self.seconds += sign * trial.seconds
        self.steps += sign * trial.steps
        at_work = 0
        if self.fidelity is not None and trial.state in ("running", "proposed"):
            at_work = self.fidelity.added(trial.rung)
        self.trained_steps += sign * (trial.steps - at_work)

    def _forget(self, trial: Trial) -> None:
        self._count(trial, -1)
        self.counts[trial.state] -= 1
        if trial.state == "rejected":
            self.rejects.subtract([trial.metric or "cannot be built"])
            self.rejects = +self.rejects
        self._points.pop(trial.number, None)
        if self._front.pop(trial.number, None) is not None:
            points, self._points, self._front = self._points, {}, {}
            for number, point in points.items():
                self._add(number, point)

    @property
    def next_number(self) -> int:
        """The number that the next new trial would get, as far as is known."""
        return len(self.trials)

    @property
    def counted(self) -> int:
        """What counts against the budget: done, paused or running."""
        return self.counts["done"] + self.counts["paused"] + self.counts["running"]

    def by_number(self) -> list[Trial]:
        return [self.trials[number] for number in sorted(self.trials)]

    def front(self) -> list[Trial]:
        """The non-dominated done trials so far."""
        return pareto_front((self.trials[number] for number in self._front), self.objectives)

    def hypervolume(self, reference: Point | None = None) -> float:
        """Of the front, within `reference` (costs: negated where larger is better), else the worst seen and a tenth."""
        if not self._points:
            return 0.0
        return hypervolume(self._front.values(), reference or self.reference())

    def reference(self) -> Point:
        """The reference point of all that was evaluated so far. There must be some."""
        return reference_point(list(self._points.values()))

    def _add(self, number: int, point: Point) -> None:
        self._points[number] = point
        if any(dominates(other, point) for other in self._front.values()):
            return
        self._front = {key: other for key, other in self._front.items() if not dominates(point, other)}
        self._front[number] = point


def in_order(trials: Iterable[Trial]) -> list[Trial]:
    """Finished trials as one uninterrupted worker would have finished them."""
    return sorted((trial for trial in trials if trial.state in FINISHED), key=lambda trial: trial.number)
