"""Trained variables joined to a few vectors, which an optimizer updates in a few operators.

An optimizer of Keras takes a dozen operators for each variable. Of a mobile network with two hundred small ones, that
is half of the time in which a training step is traced, and a tenth of each step. What treats every number by itself
does the same to a vector of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from archspec.lower import keras, tf
from archspec.train._optimizer import TrainedVariable
from archspec.train._recipe import Stage

BY_NUMBER = ("adadelta", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "rmsprop", "sgd")
"""Optimizers that treat every number by itself; others look at the shape of a variable or at its norm."""


def may_be_joined(stage: Stage, replicas: int) -> bool:
    """Whether the variables of a stage are updated as vectors: on one device, by an optimizer that allows it."""
    return replicas == 1 and stage.optimizer.name in BY_NUMBER


class JoinedVariables:
    """A vector for each pair of rate and decay among the trained variables; `trained` is what an optimizer updates.

    The variables of the model are the truth: `update` reads them into the vectors first.
    """

    def __init__(self, trained: Sequence[TrainedVariable]) -> None:
        self._order = list(trained)
        groups: dict[tuple[float, float], list[int]] = {}
        for number, one in enumerate(trained):
            groups.setdefault((one.rate_factor, one.decay), []).append(number)
        self._groups = list(groups.values())
        found = []
        for number, ((rate_factor, decay), members) in enumerate(groups.items()):
            size = sum(prod(trained[member].variable.shape) for member in members)
            vector = keras.Variable(tf.zeros([size]), dtype="float32", name=f"joined_{number}")
            found.append(TrainedVariable(f"joined.{number}", vector, rate_factor, decay, 0.0))
        self.trained = tuple(found)

    def update(self, optimizer: Any, gradients: Sequence[Any]) -> None:
        """One step of the optimizer, by the gradients of the trained variables in their order."""
        self._read()
        vectors = [one.variable for one in self.trained]
        optimizer.apply([_joined([gradients[number] for number in group]) for group in self._groups], vectors)
        self._write()

    def finalize(self, optimizer: Any) -> None:
        """Give the trained variables their moving averages."""
        self._read()
        optimizer.finalize_variable_values([one.variable for one in self.trained])
        self._write()

    def _read(self) -> None:
        for one, group in zip(self.trained, self._groups, strict=True):
            one.variable.assign(_joined([self._order[number].variable.value for number in group]))

    def _write(self) -> None:
        for one, group in zip(self.trained, self._groups, strict=True):
            parts = tf.split(one.variable.value, [prod(self._order[number].variable.shape) for number in group])
            for number, part in zip(group, parts, strict=True):
                variable = self._order[number].variable
                variable.assign(tf.reshape(part, variable.shape))


def _joined(arrays: Sequence[Any]) -> Any:
    return tf.concat([tf.reshape(array, [-1]) for array in arrays], 0)
