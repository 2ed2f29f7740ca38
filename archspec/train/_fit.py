"""A model in training, for our own loop and for Keras's `fit`: its optimizer, one step, and its state as arrays.

`KerasFit` is for tools that bring a loop of their own, as KerasTuner does: the same model, batches, loss, rates and
scores. What they keep of a model (`save_weights`) holds the optimizer's moments too, since the optimizer is built
before they load it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from archspec import lower
from archspec.arrays import Array, Weights
from archspec.datasets import close_batches
from archspec.errors import user_error
from archspec.graph import Graph, split_ranges
from archspec.lower import keras, tf
from archspec.train._class_validation import AnyValidator, validator_for
from archspec.train._distillation import Distillation
from archspec.train._joined_variables import JoinedVariables, may_be_joined
from archspec.train._losses import class_weights, total_loss
from archspec.train._optimizer import build_optimizer, learning_rate, trained_variables
from archspec.train._order import Order, stage_batches, stage_steps
from archspec.train._quantization import QuantisedPass, check_replicas
from archspec.train._recipe import Stage

MODEL, FIXED = "model/", "fixed/"
POLICIES = {"none": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}
MIOU = "val_miou"


def training_strategy() -> Any:
    """Mirrored over all GPUs where there are several, else TensorFlow's default."""
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


class Fit:
    """The Keras model of `graph`, its optimizer and the traced step.

    Nothing in it is random but dropout, whose seeds are part of the state: the same state, batches and learning
    rates give the same next state. `fixed` are the weights of a part that was cut off and is not trained: they
    belong to the network and to the state all the same. The outputs of `graph` after the first are scores of auxiliary
    heads, and `auxiliary_weights` what the loss of each counts; the projected features of a teacher on features are the
    last. `distillation` is what the teacher adds to the loss. Not `joined`: the optimizer has the model's own
    variables, for a loop other than `step`.
    """

    def __init__(
        self,
        stage: Stage,
        graph: Graph,
        weights: Weights,
        *,
        class_weights: tuple[float, ...] | None,
        seed: int,
        auxiliary_weights: tuple[float, ...] = (),
        distillation: Distillation | None = None,
        fixed: Mapping[str, Array] | None = None,
        strategy: Any = None,
        steps: int = 0,
        joined: bool = True,
    ) -> None:
        self._graph = graph
        self._fixed = dict(fixed or {})
        self._strategy = strategy or training_strategy()
        self._loss = total_loss(stage.loss, class_weights, upsample_logits=stage.upsample_logits)
        self._auxiliary_weights = auxiliary_weights
        self._distillation = distillation
        if stage.quantization is not None:
            check_replicas(self._strategy.num_replicas_in_sync)
        weights, ranges = split_ranges(weights)
        with self._strategy.scope():
            self.model = lower.to_keras(graph, weights, policy=POLICIES[stage.mixed_precision], training=True)
            self.trained = trained_variables(self.model, graph, stage)
            self.quantised = None
            if stage.quantization is not None:
                self.quantised = QuantisedPass(stage, graph, self.model, ranges, steps)
                self.trained += self.quantised.trained
            joined = joined and may_be_joined(stage, self._strategy.num_replicas_in_sync)
            self._joined = JoinedVariables(self.trained) if joined and self.trained else None
            self.optimizer = build_optimizer(stage, self._joined.trained if self._joined else self.trained)
            if distillation is not None:
                distillation.build()
        self._averaged = stage.ema is not None
        self._seed_dropout(seed)
        self._traced = tf.function(self._step, jit_compile=False, autograph=False)

    def distributed(self, batches: Any) -> Any:
        """A `tf.data.Dataset` as the strategy wants it."""
        return self._strategy.experimental_distribute_dataset(batches)

    def step(self, images: Any, labels: Any, learning_rate: float) -> float:
        """One update by a batch; gives the loss before it, which is not finite once the training has diverged.

        `images` are the tensors that cross the cut, where there is one.
        """
        self.optimizer.learning_rate = learning_rate
        follows = self.quantised is not None and self.quantised.follows(int(self.optimizer.iterations))
        return float(self._traced(images, labels, follows))

    def _step(self, images: Any, labels: Any, follows: bool) -> Any:
        losses = self._strategy.run(self._replica_step, args=(images, labels, follows))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, images: Any, labels: Any, follows: bool) -> Any:
        variables = [one.variable for one in self.trained]
        images = list(images) if isinstance(images, tuple) else images  # a data set has no lists, and Keras no tuples
        images, taught = (images, None) if self._distillation is None else self._distillation.split(images)
        with tf.GradientTape() as tape:
            loss = self._loss_of(self._outputs(images, follows), labels, taught) + self._penalty()
            loss /= self._strategy.num_replicas_in_sync  # gradients of replicas are summed
            scaled = self.optimizer.scale_loss(loss)
        self._update(tape, scaled, variables)
        return loss

    def _outputs(self, images: Any, follows: bool) -> Any:
        """What the model gives in training, or the arithmetic of its int8 file."""
        if self.quantised is None:
            return self.model(images, training=True)
        return self.quantised(tf.cast(images, tf.float32), follows)

    def _update(self, tape: Any, loss: Any, variables: list[Any]) -> None:
        if self._joined is None:
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return
        values = [one.value for one in variables]
        self._joined.update(self.optimizer, tape.gradient(loss, values, unconnected_gradients="zero"))

    def _loss_of(self, outputs: Any, labels: Any, taught: Any) -> Any:
        """The loss of the scores, those of the auxiliary heads by their weights, and what the teacher adds."""
        scores, *others = tf.nest.flatten(outputs)
        heads = len(self._auxiliary_weights)
        auxiliary, projected = others[:heads], others[heads:]
        loss = self._loss(scores, labels)
        for weight, one in zip(self._auxiliary_weights, auxiliary, strict=True):
            loss += weight * self._loss(one, labels)
        if self._distillation is not None:
            loss += self._distillation.loss(scores, projected[0] if projected else None, taught, labels)
        return loss

    def _penalty(self) -> Any:
        """L2 of the loss: Σ value · ½ ‖w‖², as tf.nn.l2_loss has it."""
        terms = [one.l2 * tf.nn.l2_loss(one.variable.value) for one in self.trained if one.l2]
        return tf.add_n(terms) if terms else 0.0

    def weights(self) -> dict[str, Array]:
        """Every array of the network as it is now, or its moving average where the stage keeps one."""
        if not self._averaged:
            return self._arrays()
        now = [one.variable.numpy() for one in self.trained]
        if self._joined is None:
            self.optimizer.finalize_variable_values([one.variable for one in self.trained])
        else:
            self._joined.finalize(self.optimizer)
        averaged = self._arrays()
        for one, value in zip(self.trained, now, strict=True):
            one.variable.assign(value)
        return averaged

    def _arrays(self) -> dict[str, Array]:
        ranges = {} if self.quantised is None else self.quantised.arrays()
        return {**self._fixed, **lower.get_weights(self.model, self._graph), **ranges}

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on but the batch and the learning rate."""
        fixed = {f"{FIXED}{key}": array for key, array in self._fixed.items()}
        return fixed | {key: variable.numpy() for key, variable in self._variables().items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set the model back to a state. Raises `UserError`, with nothing changed, when it is of another training.

        What is fixed is not restored: the model was made for it (`weights_in`).
        """
        variables = self._variables()
        state = {key: array for key, array in state.items() if not key.startswith(FIXED)}
        if variables.keys() != state.keys() or any(
            tuple(variable.shape) != state[key].shape for key, variable in variables.items()
        ):
            raise user_error("the checkpoint is not of this network and recipe", "Train into another folder")
        for key, variable in variables.items():
            variable.assign(state[key])

    def _variables(self) -> dict[str, Any]:
        found = {f"{MODEL}{layer.name}/{one.name}": one for layer in self.model.layers for one in layer.variables}
        if self.quantised is not None:
            found |= {f"{MODEL}{key}": one for key, one in self.quantised.ranges.items()}
        return found | {f"optimizer/{number}": one for number, one in enumerate(self.optimizer.variables)}

    def _seed_dropout(self, seed: int) -> None:
        """Each layer's own numbers, from the seed and its name."""
        for layer in self.model.layers:
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                generator.state.assign([seed % 2**32, zlib.crc32(layer.name.encode())])


def weights_in(state: Mapping[str, Array]) -> dict[str, Array]:
    """The weights of the network in a state, by the graph's names (and the seeds of dropout)."""
    return {
        key.removeprefix(part): array for part in (MODEL, FIXED) for key, array in state.items() if key.startswith(part)
    }


def prepare(seed: int) -> None:
    """Make TensorFlow's operators repeatable in this process: it costs nothing on a CPU."""
    keras.utils.set_random_seed(seed % 2**32)
    tf.config.experimental.enable_op_determinism()


class KerasFit:
    """The one stage of an order. `model` is compiled; `fit` runs epochs of `steps_per_epoch` updates.

    A frozen part is run for every batch: features are not cached here. Raises `UserError` for a recipe of several
    stages.
    """

    def __init__(self, order: Order, steps_per_epoch: int) -> None:
        if len(order.recipe.stages) != 1:
            fact = f"recipe '{order.recipe.name}' has {len(order.recipe.stages)} stages, Keras's fit has one"
            raise user_error(fact, "Name a recipe of one stage")
        if order.recipe.stages[0].teacher is not None:
            fact = f"recipe '{order.recipe.name}' has a teacher, which Keras's fit knows nothing of"
            raise user_error(fact, "Write teacher: none, or train with archspec train")
        if order.recipe.stages[0].quantization is not None:
            fact = f"recipe '{order.recipe.name}' has quantization, which Keras's fit knows nothing of"
            raise user_error(fact, "Write quantization: none, or train with archspec train")
        prepare(order.seed)
        self._order, self._stage = order, order.recipe.stages[0]
        self.steps_per_epoch = steps_per_epoch
        self.steps = stage_steps(order, self._stage)
        self._dataset = order.dataset(self._stage)[1]
        graph, weights = order.graph(self._stage), order.start_weights()
        weighting = class_weights(self._stage, self._dataset)
        self._heads = order.auxiliary_weights(self._stage)
        self._fit = Fit(
            self._stage, graph, weights, class_weights=weighting, seed=order.seed, auxiliary_weights=self._heads,
            joined=False,
        )  # fmt: skip
        self._compile(weighting)

    @property
    def model(self) -> Any:
        """The compiled Keras model."""
        return self._fit.model

    def _compile(self, weighting: tuple[float, ...] | None) -> None:
        loss = total_loss(self._stage.loss, weighting, upsample_logits=self._stage.upsample_logits)
        for one in self._fit.trained:
            if one.l2:
                one.variable.regularizer = keras.regularizers.L2(one.l2 / 2)
        of_scores = lambda labels, logits: loss(logits, labels)  # noqa: E731
        several: dict[str, Any] = {"loss": of_scores}
        if self._heads:
            several = {"loss": [of_scores] * (1 + len(self._heads)), "loss_weights": [1.0, *self._heads]}
        self.model.compile(optimizer=self._fit.optimizer, jit_compile=False, **several)

    def fit(self, epochs: int, initial_epoch: int = 0, callbacks: list[Any] | None = None, verbose: Any = 0) -> Any:
        """Train epochs `initial_epoch` to `epochs`; Keras's history, with `val_miou` of whole validation images."""
        first, last = initial_epoch * self.steps_per_epoch, epochs * self.steps_per_epoch
        batches = stage_batches(self._dataset, self._stage, self._order.seed, last - first, first)
        outputs = 1 + len(self._heads)
        try:
            return self.model.fit(
                batches.map(lambda images, labels: (images, (labels,) * outputs)) if self._heads else batches,
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
    def _validator(self) -> AnyValidator:
        return validator_for(self._order.spec, self._dataset, self._stage.validation)

    def miou(self) -> float:
        """Of whole validation images, with the weights as they are now (or their moving average)."""
        return self._validator.score(self._fit.weights()).value


def _recipe_callback(training: KerasFit, first: int) -> Any:
    """Sets the rate of every update, and adds `val_miou` to the logs that an epoch gives to later callbacks."""

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
    """An empty Keras model, for a caller that must be given one."""
    return keras.Sequential(name="no_model")
