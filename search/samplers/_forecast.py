"""What is known of networks before they are evaluated, and what a model of those that were says of the others."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem, UserError
from archspec.measures._settings import Limit
from archspec.search.candidates import Genome, possible
from archspec.search.pareto import Point, non_dominated, reference_point
from archspec.search.samplers import Task
from archspec.search.samplers._feature_rows import Scaling, genome_row
from archspec.search.samplers._gaussian_process import GaussianProcess, Inputs
from archspec.search.samplers._improvement import chance_below, expected_improvement
from archspec.search.samplers._rungs import Lift, values_by_rung
from archspec.search.trials import Objective, Trial

REMEMBERED = 4096  # networks that were looked at
FEWEST = 2  # evaluations that a number can be predicted from
Fit = tuple[GaussianProcess, float]


@dataclass(frozen=True)
class Looked:
    """A network before it is evaluated. `values` are the screen's; `rejected`: it breaks a limit there."""

    genome: Genome
    key: str
    row: list[float]
    features: Mapping[str, float]
    values: Mapping[str, float | None]
    rejected: bool


class Onlooker:
    """Looks at genomes, each once: milliseconds."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._decisions = {decision.name: decision for decision in task.space.decisions}
        self._looked: OrderedDict[tuple[tuple[str, object], ...], Looked | None] = OrderedDict()

    def fits(self, genome: Genome) -> bool:
        """Whether it is of this space: another version of it may have had other options."""
        return all(name in self._decisions and possible(self._decisions[name], genome[name]) for name in genome)

    def look(self, genome: Genome) -> Looked | None:
        """None for one that cannot be built."""
        name = tuple(genome.items())
        if name not in self._looked:
            self._looked[name] = self._new(genome)
            if len(self._looked) > REMEMBERED:
                self._looked.popitem(last=False)
        return self._looked[name]

    def _new(self, genome: Genome) -> Looked | None:
        try:
            candidate = self._task.space.candidate(genome)
            features = dict(self._task.space.features(candidate))
        except (UserError, Problem):
            return None
        row = genome_row(self._task.space.decisions, genome)
        if self._task.screen is None:
            return Looked(genome, candidate.key, row, features, {}, False)
        found = self._task.screen(candidate)
        shown = {f"screen.{name}": math.log1p(abs(value)) for name, value in found.values.items() if value is not None}
        rejected = found.rejected is not None or bool(found.fault)
        return Looked(genome, candidate.key, row, features | shown, found.values, rejected)


class Forecast:
    """Models of what only an evaluation gives, fitted to everything that was told of trials that fit the space."""

    def __init__(self, task: Task, onlooker: Onlooker, trials: Iterable[Trial]) -> None:
        self._task, self._onlooker = task, onlooker
        looked = ((trial, onlooker.look(trial.genome)) for trial in trials)
        seen = [(trial, found) for trial, found in looked if found is not None and evaluated(trial)]
        self._trials, self._seen = [trial for trial, _ in seen], [found for _, found in seen]
        self._scaling = Scaling([found.features for found in self._seen])
        self._fits: dict[str, Fit | None] = {}  # to what was told
        self._models: dict[str, Fit | None] = {}  # these, that also count what is running
        self._running: list[tuple[Looked, int]] = []  # with the rung that each is trained for

    def expecting(self, running: Iterable[Trial]) -> Forecast:
        """The same models, as if what is running had come out as they expect: so others at work do not try the same."""
        other = copy(self)
        begun = ((self._onlooker.look(trial.genome), trial.rung) for trial in running)
        other._running = [(found, rung) for found, rung in begun if found is not None]
        other._models = {}
        return other

    @cached_property
    def costs(self) -> dict[int, Point]:
        """Row of each evaluated feasible network -> its costs at the last rung, predicted where it is not there."""
        rows = [row for row, trial in enumerate(self._trials) if trial.state != "rejected"]
        if not rows:
            return {}
        mean, _ = self._predicted([self._seen[row] for row in rows])
        for place, row in enumerate(rows):
            if self._trials[row].state == "done":
                for column, objective in enumerate(self._task.objectives):
                    value = self._trials[row].values.get(objective.name)
                    if value is not None and math.isfinite(value):
                        mean[place, column] = objective.sign * value
        return {row: tuple(mean[place].tolist()) for place, row in enumerate(rows) if np.isfinite(mean[place]).all()}

    def parents(self, count: int) -> list[Genome]:
        """The front of the evaluated ones, then the front of the others, until there are `count`; first of those that
        keep the limits on objectives, or should."""
        within = {row: point for row, point in self.costs.items() if (np.array(point) <= self._worst).all()}
        beyond = {row: point for row, point in self.costs.items() if row not in within}
        found = [row for points in (within, beyond) for row in islice(_by_layers(points), count)]
        return [self._seen[row].genome for row in found[:count]]

    def ranked(self, looked: Sequence[Looked]) -> list[Looked]:
        """The most promising first; those of which nothing is expected, by how little is known of them."""
        if not looked or not self.costs:
            return list(looked)
        return [looked[row] for row in self._by_promise(looked, [*self.costs.values(), *self._expected()])]

    def _expected(self) -> list[Point]:
        """Of those that are running."""
        if not self._running:
            return []
        mean, _ = self._predicted([found for found, _ in self._running])
        return [tuple(point) for point in mean.tolist() if all(map(math.isfinite, point))]

    def promotion_order(self, numbers: Sequence[int], rung: int) -> list[int]:
        """Numbers that are paused at a rung, the most promising first: by what each should add, at the last rung, to
        those that have gone on from this one, as these are or are expected to be; then those that are not known."""
        rows = {trial.number: row for row, trial in enumerate(self._trials)}
        waiting = set(numbers)
        ahead = [
            point
            for row, point in self.costs.items()
            if len(self._trials[row].rungs) > rung and self._trials[row].number not in waiting
        ]
        known = [number for number in numbers if rows.get(number) in self.costs]
        looked = [self._seen[rows[number]] for number in known]
        order = [known[row] for row in self._by_promise(looked, ahead)] if known else []
        return [*order, *(number for number in numbers if number not in known)]

    def _by_promise(self, looked: Sequence[Looked], front: Sequence[Point]) -> Array:
        """Places in `looked`, the one first that is expected to improve a front most."""
        mean, deviation = self._predicted(looked)
        points = np.array(list(self.costs.values()))
        low = points.min(axis=0)
        known = np.where(deviation == 0, mean, low)  # what is surely worse than all so far widens the reference, too
        reference = np.array(reference_point([tuple(point) for point in np.concatenate([points, known]).tolist()]))
        span = np.where(reference > low, reference - low, 1.0)
        scaled = [tuple(((np.array(point) - low) / span).tolist()) for point in front]
        unit = tuple(((np.minimum(reference, self._worst) - low) / span).tolist())
        gain = expected_improvement(scaled, unit, (mean - low) / span, deviation / span) * self._feasible(looked)
        doubt = (deviation / span).sum(axis=1)
        return np.lexsort((-doubt, -gain))

    def _predicted(self, looked: Sequence[Looked]) -> tuple[Array, Array]:
        """Costs and their deviations, a column an objective; NaN where there is nothing to predict from."""
        mean, deviation = np.zeros((2, len(looked), len(self._task.objectives)))
        for column, objective in enumerate(self._task.objectives):
            values, deviation[:, column] = self._values(objective.name, looked)
            mean[:, column] = objective.sign * values
        return mean, deviation

    def _values(self, name: str, looked: Sequence[Looked]) -> tuple[Array, Array]:
        known = [found.values.get(name) for found in looked]
        if all(value is not None for value in known):
            return np.array(known, dtype=float), np.zeros(len(looked))
        model = self._model(name)
        if model is None:
            return np.full(len(looked), np.nan), np.zeros(len(looked))
        process, log_steps = model
        return process.predict(self._inputs(looked, [log_steps] * len(looked)))

    @cached_property
    def _worst(self) -> Array:
        """The worst cost of each objective that a limit allows. It bounds what counts as an improvement."""
        worst = np.full(len(self._task.objectives), np.inf)
        for limit in self._task.limits:
            for column, objective in enumerate(self._task.objectives):
                if _bounds(limit, objective):
                    worst[column] = min(worst[column], objective.sign * limit.bound)
        return worst

    def _feasible(self, looked: Sequence[Looked]) -> Array:
        """The chance of each to keep the other limits on what only an evaluation gives."""
        chance = np.ones(len(looked))
        for limit in self._task.limits:
            if any(_bounds(limit, objective) for objective in self._task.objectives):
                continue
            if all(found.values.get(limit.metric) is not None for found in looked):
                continue
            mean, deviation = self._values(limit.metric, looked)
            if np.isfinite(mean).all():
                chance *= _chance(limit, mean, deviation)
        return chance

    def _model(self, name: str) -> Fit | None:
        """The model of a number, and the logarithm of the steps that it is asked about; None without evaluations."""
        if name not in self._fits:
            self._fits[name] = self._fitted(name)
        if name not in self._models:
            self._models[name] = self._believing(self._fits[name])
        return self._models[name]

    def _believing(self, fit: Fit | None) -> Fit | None:
        """A model with what is running in it."""
        if fit is None or not self._running:
            return fit
        looked, rungs = zip(*self._running, strict=True)
        return fit[0].believing(self._inputs(looked, [self._log_steps(rung) for rung in rungs])), fit[1]

    def _fitted(self, name: str) -> Fit | None:
        histories = {row: _history(trial, name) for row, trial in enumerate(self._trials)}
        lift = Lift.of(list(histories.values()))
        found = [
            (row, self._log_steps(rung), lift(value, rung))
            for row, history in histories.items()
            for rung, value in enumerate(history)
        ]
        if len(found) < FEWEST:
            return None
        rows, log_steps, values = zip(*found, strict=True)
        inputs = self._inputs([self._seen[row] for row in rows], log_steps)
        return GaussianProcess(inputs, np.array(values, dtype=float)), max(log_steps)

    def _log_steps(self, rung: int) -> float:
        fidelity = self._task.fidelity
        return 0.0 if fidelity is None else math.log(fidelity.steps[min(rung, fidelity.last)])

    def _inputs(self, looked: Sequence[Looked], log_steps: Sequence[float]) -> Inputs:
        choices = np.array([found.row for found in looked], dtype=float)
        features = self._scaling.rows([found.features for found in looked])
        return Inputs(choices, features, np.array(log_steps, dtype=float))


def evaluated(trial: Trial) -> bool:
    """Whether some of its values came of an evaluation; what a screen rejected has none."""
    return bool(values_by_rung(trial)) or (trial.state == "rejected" and bool(trial.values))


def _history(trial: Trial, name: str) -> list[float]:
    """The values of one number at its rungs, up to the first that has none."""
    found: list[float] = []
    for values in values_by_rung(trial) or (trial.values,):
        value = values.get(name)
        if value is None or not math.isfinite(value):
            break
        found.append(value)
    return found


def _bounds(limit: Limit, objective: Objective) -> bool:
    """Whether a limit says how bad an objective may be."""
    return limit.metric == objective.name and limit.at_most == (objective.sign > 0)


def _by_layers(points: Mapping[int, Point]) -> Iterator[int]:
    """Rows, those of the front first, then those of the front of the others."""
    left = dict(points)
    while left:
        front = set(non_dominated(left.values()))
        yield from (row for row, point in left.items() if point in front)
        left = {row: point for row, point in left.items() if point not in front}


def _chance(limit: Limit, mean: Array, deviation: Array) -> Array:
    gap = limit.bound - mean if limit.at_most else mean - limit.bound
    return chance_below(gap / np.maximum(deviation, 1e-12))
