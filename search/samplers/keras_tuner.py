"""KerasTuner proposes: its Bayesian optimisation, its Hyperband, its random search."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from archspec.errors import nearest, user_error
from archspec.search.candidates import Genome, possible
from archspec.search.samplers import Sampler, Task
from archspec.search.trials import Trial, costs

if TYPE_CHECKING:
    import keras_tuner as kt

INITIAL_PER_DECISION = 3  # KerasTuner's own


def keras_tuner(
    task: Task,
    tuner: Literal["bayesian", "hyperband", "random"] = "bayesian",
    objective: str = "",
    initial: int = 0,
    beta: float = 2.6,
) -> Sampler:
    """An oracle of KerasTuner. It has one score, the less the better: of several objectives the sum, each in parts of
    the range that was seen of it, or one `objective` alone.

    `bayesian`: the first `initial` trials are random (0: three for each decision), then it goes where its Gaussian
    process is lowest, `beta` standard deviations below the mean; with rungs it learns from the highest one that so many
    have finished. `hyperband` draws its candidates at random: what it is made of are rungs, so the study must have a
    `fidelity`, and the study's promotions decide who goes on. What was rejected or failed is left out, as KerasTuner
    leaves failed trials out.
    """
    names = [one.name for one in task.objectives]
    if objective and objective not in names:
        raise user_error(f"'{objective}' is no objective of this study", nearest(objective, names))
    if tuner == "hyperband" and task.fidelity is None:
        raise user_error("hyperband divides its trainings into rungs, and this study has none",
                         "Write fidelity: {steps: [100, 300, 900]} in the study, or tuner: bayesian")  # fmt: skip
    return _KerasTuner(task, tuner, objective, initial, beta)


class _KerasTuner:
    """For every proposal an oracle is made anew, with the trials as they are known then: it keeps nothing, on disk or
    in memory, that a resumed search would lack."""

    tries = 4

    def __init__(self, task: Task, tuner: str, objective: str, initial: int, beta: float) -> None:
        from archspec.lower.framework import quiet  # TensorFlow, without its messages

        with quiet():
            import keras_tuner as kt
        from archspec.search.hyperparameters import declared

        self._task, self._trial = task, kt.engine.trial.Trial
        self._initial = initial or max(1, INITIAL_PER_DECISION * max(1, len(task.space.decisions)))
        self._objectives = tuple(one for one in task.objectives if objective in ("", one.name))
        self._space = kt.HyperParameters()
        declared(self._space, task.space.decisions)
        self._make = _oracle(kt, tuner, task, self._initial, beta)
        self._told: dict[int, tuple[Any, tuple[tuple[float, ...] | None, ...]]] = {}  # the costs of each rung
        self._asked: dict[int, tuple[Any, Genome]] = {}

    def propose(self, number: int, attempt: int) -> Genome:
        """What the oracle populates its space with; an earlier attempt at the same number is forgotten."""
        from archspec.search.hyperparameters import genome_of

        self._asked.pop(number, None)
        if not self._task.space.decisions:
            return {}
        oracle = self._make(1 + self._task.generator(number, attempt).getrandbits(31), self._space.copy())
        oracle.trials = self._known()
        oracle.ongoing_trials = {str(key): one for key, (one, _) in self._asked.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's, about length scales at their bounds
            values = oracle.populate_space(str(number))["values"]
        genome = genome_of(values, self._task.space.decisions)
        self._asked[number] = self._made(number, genome, "RUNNING"), genome
        return genome

    def tell(self, trial: Trial) -> None:
        """Its score at every rung that it has finished."""
        asked = self._asked.get(trial.number)
        if trial.state in ("done", "paused") or asked is None or asked[1] != trial.genome:
            self._asked.pop(trial.number, None)
        self._told.pop(trial.number, None)
        if trial.state not in ("done", "paused") or not self._fits(trial.genome):
            self._asked.pop(trial.number, None)
            return
        finished = tuple(costs(self._objectives, values) for values in trial.rungs or (trial.values,))
        self._told[trial.number] = self._made(trial.number, trial.genome, "COMPLETED"), finished

    def _made(self, number: int, genome: Genome, status: str) -> Any:
        from archspec.search.hyperparameters import hyperparameter_values

        values = self._space.copy()
        values.values = hyperparameter_values(genome, self._task.space.decisions)
        return self._trial(values, trial_id=str(number), status=status)

    def _known(self) -> dict[str, Any]:
        """KerasTuner's trials in the order of their numbers, with the scores of one rung; those at work without any."""
        rung = self._rung()
        points = {number: finished[rung] for number, (_, finished) in self._told.items() if len(finished) > rung}
        known = {number: point for number, point in points.items() if point is not None}
        scores = _scores(known)
        found = {number: one for number, (one, _) in self._told.items() if number in scores}
        for number, one in found.items():
            one.score = scores[number]
        found |= {number: one for number, (one, _) in self._asked.items()}
        return {str(number): found[number] for number in sorted(found)}

    def _rung(self) -> int:
        """The highest one that enough trials have finished for a model."""
        counts = [len(finished) for _, finished in self._told.values()]
        enough = [rung for rung in range(max(counts, default=0)) if sum(one > rung for one in counts) >= self._initial]
        return max(enough, default=0)

    def _fits(self, genome: Genome) -> bool:
        """Whether it is one of this space: another version of it may have had other options."""
        decisions = {one.name: one for one in self._task.space.decisions}
        return all(name in decisions and possible(decisions[name], value) for name, value in genome.items())


def _scores(points: dict[int, tuple[float, ...]]) -> dict[int, float]:
    """Costs as one number between 0 and 1: their mean, each in parts of its range."""
    lows = [min(column) for column in zip(*points.values(), strict=True)]
    ranges = [(max(column) - min(column)) or 1.0 for column in zip(*points.values(), strict=True)]
    return {
        number: sum((one - low) / width for one, low, width in zip(point, lows, ranges, strict=True)) / len(point)
        for number, point in points.items()
    }


def _oracle(kt: Any, tuner: str, task: Task, initial: int, beta: float) -> Callable[[int, kt.HyperParameters], Any]:
    """What makes the oracle from a seed and the hyperparameters."""
    objective = kt.Objective("score", "min")

    def make(seed: int, space: kt.HyperParameters) -> Any:
        given = {"objective": objective, "seed": seed, "hyperparameters": space}
        if tuner == "random":
            return kt.oracles.RandomSearchOracle(**given)
        if tuner == "bayesian":
            return kt.oracles.BayesianOptimizationOracle(num_initial_points=initial, beta=beta, **given)
        rungs = task.fidelity.last if task.fidelity is not None else 0
        factor = max(2, round(task.fidelity.eta)) if task.fidelity is not None else 2
        return kt.oracles.HyperbandOracle(max_epochs=factor**rungs, factor=factor, **given)

    return make
