"""A recipe for Keras's own `fit`: the same model, batches, loss, rates and scores as a training of ours has.

For tools that bring a loop of their own, as KerasTuner does. What they keep of a model (`save_weights`) holds the
optimizer's moments too, since the optimizer is built before they load it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from archspec.datasets import close_batches, training_batches
from archspec.errors import user_error
from archspec.graph.weights import initialise
from archspec.lower.framework import keras
from archspec.train._class_weights import class_weights
from archspec.train._fit import Fit, prepare
from archspec.train._losses import total_loss
from archspec.train._order import Order
from archspec.train._schedule import learning_rate
from archspec.train._training import stage_steps
from archspec.train._validation import Validator

MIOU = "val_miou"


class KerasFit:
    """The one stage of an order. `model` is compiled; `fit` runs epochs of `steps_per_epoch` updates.

    A frozen part is run for every batch: features are not cached here. Raises `UserError` for a recipe of several
    stages.
    """

    def __init__(self, order: Order, steps_per_epoch: int) -> None:
        if len(order.recipe.stages) != 1:
            fact = f"recipe '{order.recipe.name}' has {len(order.recipe.stages)} stages, Keras's fit has one"
            raise user_error(fact, "Name a recipe of one stage")
        prepare(order.seed)
        self._order, self._stage = order, order.recipe.stages[0]
        self.steps_per_epoch = steps_per_epoch
        self.steps = stage_steps(order, self._stage)
        self._dataset = order.dataset(self._stage)[1]
        graph, imported = order.graph(self._stage), order.imported
        weights = initialise(graph, order.seed) if imported is None else imported.complete(graph, order.seed)
        weighting = class_weights(self._stage, self._dataset)
        self._fit = Fit(self._stage, graph, weights, class_weights=weighting, seed=order.seed)
        self._compile(weighting)

    @property
    def model(self) -> Any:
        """The compiled Keras model."""
        return self._fit.model

    def _compile(self, weighting: tuple[float, ...] | None) -> None:
        loss = total_loss(self._stage.loss, weighting, upsample_logits=self._stage.upsample_logits)
        for one in self._fit.moved:
            if one.l2:
                one.variable.regularizer = keras.regularizers.L2(one.l2 / 2)
        self.model.compile(
            optimizer=self._fit.optimizer, loss=lambda labels, logits: loss(logits, labels), jit_compile=False
        )

    def fit(self, epochs: int, initial_epoch: int = 0, callbacks: list[Any] | None = None, verbose: Any = 0) -> Any:
        """Train epochs `initial_epoch` to `epochs`; Keras's history, with `val_miou` of whole validation images."""
        first, last = initial_epoch * self.steps_per_epoch, epochs * self.steps_per_epoch
        batches = training_batches(
            self._dataset,
            self._stage.split,
            augmentation=self._stage.augmentation,
            batch_size=self._stage.batch_size,
            seed=self._order.seed,
            first_step=first,
            steps=last - first,
        )
        try:
            return self.model.fit(
                batches,
                epochs=epochs,
                initial_epoch=initial_epoch,
                steps_per_epoch=self.steps_per_epoch,
                shuffle=False,
                callbacks=[_recipe_callback(self, first), *(callbacks or ())],
                verbose=verbose,
            )
        finally:
            close_batches(batches)

    def rate(self, step: int) -> float:
        """The learning rate of an update; past the recipe's length, that of its last."""
        return learning_rate(self._stage, min(step, self.steps - 1), self.steps)

    @cached_property
    def _validator(self) -> Validator:
        return Validator(self._order.spec, self._dataset, self._stage.validation)

    def miou(self) -> float:
        """Of whole validation images, with the weights as they are now (or their moving average)."""
        return self._validator.score(self._fit.weights()).miou


def _recipe_callback(training: KerasFit, first: int) -> Any:
    """Sets the rate of every update, and adds `val_miou` to what an epoch tells the callbacks after it."""

    class RecipeCallback(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
        step = first

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = training.rate(self.step)
            self.step += 1

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            if logs is not None:
                logs[MIOU] = training.miou()

    return RecipeCallback()


def no_model() -> Any:
    """A Keras model of nothing, for who must be given one."""
    return keras.Sequential(name="no_model")
