"""A stage with quantisation in mind: the int8 file's arithmetic in place of the model's, and the ranges it needs.

The Keras model keeps the variables under the network's own names; `QuantisedPass` reads them, and holds the ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem, user_error
from archspec.graph import Graph, is_within
from archspec.lower import keras
from archspec.quantization import FakeQuantised, joined
from archspec.train._optimizer import TrainedVariable
from archspec.train._recipe import Quantization, Stage

FIRST_BATCHES = 4  # that ranges begin with


class QuantisedPass:
    """Images to scores as the int8 file computes them, in training. `ranges` may be given: of an earlier stage."""

    def __init__(self, stage: Stage, graph: Graph, model: Any, ranges: Mapping[str, Array], steps: int) -> None:
        assert stage.quantization is not None  # noqa: S101 (its caller asked)
        self._asked: Quantization = stage.quantization
        try:
            self._network = FakeQuantised(graph)
        except Problem as problem:
            raise user_error(problem.fact, problem.remedy, "quantization") from problem
        self._variables = {f"{layer.name}/{one.name}": one for layer in model.layers for one in layer.weights}
        self.ranges = {key: keras.Variable(ranges.get(key, np.zeros(2)), dtype="float32", trainable=self._learns,
                                           name=key.replace("/", "."))
                       for key in self._network.keys}  # fmt: skip
        self.is_begun = self.ranges.keys() <= ranges.keys()
        self._momenta = {
            node.name: node.layer.config["momentum"]
            for node in graph.nodes
            if type(node.layer).__name__ == "BatchNormalization" and not is_within(node.name, stage.freeze)
        }
        share = 0.0 if stage.batch_norm.frozen else self._asked.freeze_batch_norm_after
        self._frozen_from = round(share * steps)

    @property
    def _learns(self) -> bool:
        return self._asked.ranges == "learned"

    @property
    def trained(self) -> tuple[TrainedVariable, ...]:
        """The ranges, where the optimizer moves them."""
        found = (TrainedVariable(key, one, 1.0, 0.0, 0.0) for key, one in self.ranges.items())
        return tuple(found) if self._learns else ()

    def follows(self, step: int) -> bool:
        """Whether batch norms take the statistics of the batch in an update, counted from 0."""
        return step < self._frozen_from

    def begin(self, images: Iterable[Any]) -> None:
        """Ranges as they are on some batches, with the weights of now and nothing quantised."""
        for key, found in self._network.observed(images, self._values()).items():
            self.ranges[key].assign(found)
        self.is_begun = True

    def __call__(self, images: Any, follows: bool) -> Any:
        """The scores; moving statistics and ranges that are averaged move on."""
        statistics: dict[str, Any] = {}
        seen: dict[str, list[Any]] = {}
        outputs = self._network(
            images, self._values(), {key: one.value for key, one in self.ranges.items()}, statistics=statistics,
            seen=seen, following=self._momenta if follows else (),
        )  # fmt: skip
        for key, now in statistics.items():
            moving, momentum = self._variables[key], self._momenta[key.rpartition("/")[0]]
            moving.assign(moving * momentum + now * (1.0 - momentum))
        if not self._learns:
            for key, found in seen.items():
                moving, momentum = self.ranges[key], self._asked.momentum
                moving.assign(moving * momentum + joined(found) * (1.0 - momentum))
        return outputs

    def _values(self) -> dict[str, Any]:
        return {key: one.value for key, one in self._variables.items()}

    def arrays(self) -> dict[str, Array]:
        """The ranges as they are now."""
        return {key: np.array(one.numpy()) for key, one in self.ranges.items()}


def check_replicas(count: int) -> None:
    """Raises `UserError` for several GPUs."""
    if count > 1:
        fact = f"quantization trains on one device, and there are {count}"
        raise user_error(fact, "Hide the others: CUDA_VISIBLE_DEVICES=0", "quantization")
