"""One network's scores at several lengths of training and of several seeds, with one traced step for all of them.

The mathematics is that of `archspec train` with the recipe at each length (`archspec.train.scaled`): until a length's
decay begins, trainings of one seed are the same, so the trunk is made once, and the decay of every rung branches off
from its state. What a network costs in tracing is paid once, not for every seed and length.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.datasets import Dataset, close_batches, reading_errors
from archspec.search.fidelity import Fidelity
from archspec.spec import Spec
from archspec.train import Order, Recipe, scaled
from archspec.train._class_validation import validator_for
from archspec.train._fit import MODEL, Fit, prepare
from archspec.train._losses import class_weights
from archspec.train._optimizer import learning_rate
from archspec.train._order import stage_batches
from archspec.train._recipe import Stage
from archspec.train._stage_graph import carried


@dataclass
class LearningCurve:
    """Trainings of `spec` by a recipe of one stage with the schedule `trunk`, at the steps of `fidelity`."""

    spec: Spec
    recipe: Recipe
    datasets: Mapping[str, Dataset]
    fidelity: Fidelity
    seeds: Sequence[int]
    cpu_seconds: float = 0.0
    _stages: list[Stage] = field(default_factory=list)

    def scores(self) -> dict[tuple[int, int], float]:
        """mIoU of the validation split by `(rung, seed)`. Raises `FloatingPointError` where a training diverges."""
        started = time.process_time()
        rungs = [scaled(self.recipe, steps, self.fidelity.decay) for steps in self.fidelity.steps]
        self._stages = [recipe.stages[0] for recipe in rungs]
        orders = [Order(self.spec, rungs[-1], self.datasets, seed) for seed in self.seeds]
        prepare(self.seeds[0])
        fit, blank = self._fit(orders[0])
        validator = validator_for(self.spec, orders[0].final, self._stages[-1].validation)
        found = {}
        for order in orders:
            prepare(order.seed)
            weights = _start(order)
            fit.restore(blank | {f"{MODEL}{key}": array for key, array in weights.items()})
            fit._seed_dropout(order.seed)
            for rung, score in enumerate(self._rungs(fit, validator, order)):
                found[rung, order.seed] = score
        self.cpu_seconds = time.process_time() - started
        return found

    def _fit(self, order: Order) -> tuple[Fit, dict[str, Any]]:
        """The model in training and its state before the first step."""
        stage = order.recipe.stages[0]
        weighting = class_weights(stage, order.dataset(stage)[1])
        heads = order.auxiliary_weights(stage)
        fit = Fit(
            stage, order.network(stage).graph, _start(order), class_weights=weighting, seed=order.seed,
            auxiliary_weights=heads,
        )  # fmt: skip
        return fit, fit.state()

    def _rungs(self, fit: Fit, validator: Any, order: Order) -> list[float]:
        """The score at the end of the decay of each rung, in order."""
        scores, done = [], 0
        for rung, steps in enumerate(self.fidelity.steps):
            trunk = self.fidelity.trunk(rung)
            self._train(fit, order, rung, done, trunk)
            state, done = fit.state(), trunk
            self._train(fit, order, rung, trunk, steps)
            scores.append(float(validator.score(fit.weights()).value))
            fit.restore(state)
        return scores

    def _train(self, fit: Fit, order: Order, rung: int, first: int, end: int) -> None:
        """The steps `first` to `end - 1` of the training of a rung."""
        stage = self._stages[rung]
        steps = self.fidelity.steps[rung]
        dataset = order.dataset(order.recipe.stages[0])[1]
        batches = stage_batches(dataset, stage, order.seed, steps, first)
        try:
            found = iter(fit.distributed(batches))
            for step in range(first, end):
                with reading_errors():
                    images, labels = next(found)
                loss = fit.step(images, labels, learning_rate(stage, step, steps))
                if not math.isfinite(loss):
                    raise FloatingPointError(f"the loss is {loss} in step {step + 1} of seed {order.seed}")
        finally:
            close_batches(batches)


def _start(order: Order) -> dict[str, Any]:
    """The weights that a training begins with, as `Training` has them."""
    return carried(order.start_weights(), order.network(order.recipe.stages[0]), order.seed)[0]
