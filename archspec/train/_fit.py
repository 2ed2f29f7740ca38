"""A model in training: all that moves, one step of it, and its whole state as arrays."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec import lower
from archspec.errors import user_error
from archspec.graph import Graph
from archspec.lower.framework import keras, tf
from archspec.train._losses import total_loss
from archspec.train._optimizer import build_optimizer, moved_variables
from archspec.train._recipe import Stage

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MODEL, FIXED = "model/", "fixed/"
POLICIES = {"none": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def training_strategy() -> Any:
    """Mirrored over all GPUs where there are several, else TensorFlow's default."""
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


class Fit:
    """The Keras model of `graph`, its optimizer and the traced step.

    Nothing in it is random but dropout, whose seeds are part of the state: the same state, batches and learning
    rates give the same next state. `fixed` are the weights of a part that was cut off and is not trained: they are
    of the network and of the state all the same.
    """

    def __init__(
        self,
        stage: Stage,
        graph: Graph,
        weights: Mapping[str, Array],
        *,
        class_weights: tuple[float, ...] | None,
        seed: int,
        fixed: Mapping[str, Array] | None = None,
        strategy: Any = None,
    ) -> None:
        self._graph = graph
        self._fixed = dict(fixed or {})
        self._strategy = strategy or training_strategy()
        self._loss = total_loss(stage.loss, class_weights, upsample_logits=stage.upsample_logits)
        with self._strategy.scope():
            self.model = lower.to_keras(graph, weights, policy=POLICIES[stage.mixed_precision])
            self.moved = moved_variables(self.model, graph, stage)
            self.optimizer = build_optimizer(stage, self.moved)
        self._averaged = stage.ema is not None
        self._seed_dropout(seed)
        self._traced = tf.function(self._step, jit_compile=False, autograph=False)

    def distributed(self, batches: Any) -> Any:
        """A `tf.data.Dataset` as the strategy wants it."""
        return self._strategy.experimental_distribute_dataset(batches)

    def step(self, images: Any, labels: Any, learning_rate: float) -> float:
        """One update by a batch; its loss before it, which is not finite when the training has come apart.

        `images` are the tensors that cross the cut, where there is one.
        """
        self.optimizer.learning_rate = learning_rate
        return float(self._traced(images, labels))

    def _step(self, images: Any, labels: Any) -> Any:
        losses = self._strategy.run(self._replica_step, args=(images, labels))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, images: Any, labels: Any) -> Any:
        variables = [one.variable for one in self.moved]
        images = list(images) if isinstance(images, tuple) else images  # a data set has no lists, and Keras no tuples
        with tf.GradientTape() as tape:
            loss = self._loss(self.model(images, training=True), labels) + self._penalty()
            loss /= self._strategy.num_replicas_in_sync  # gradients of replicas are summed
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return loss

    def _penalty(self) -> Any:
        """L2 of the loss: Σ value · ½ ‖w‖², as tf.nn.l2_loss has it."""
        terms = [one.l2 * tf.nn.l2_loss(one.variable.value) for one in self.moved if one.l2]
        return tf.add_n(terms) if terms else 0.0

    def weights(self) -> dict[str, Array]:
        """Every array of the network as it is now, or its moving average where the stage keeps one."""
        if not self._averaged:
            return {**self._fixed, **lower.get_weights(self.model, self._graph)}
        now = [one.variable.numpy() for one in self.moved]
        self.optimizer.finalize_variable_values([one.variable for one in self.moved])
        averaged = lower.get_weights(self.model, self._graph)
        for one, value in zip(self.moved, now, strict=True):
            one.variable.assign(value)
        return {**self._fixed, **averaged}

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on but the batch and the learning rate."""
        fixed = {f"{FIXED}{key}": array for key, array in self._fixed.items()}
        return fixed | {key: variable.numpy() for key, variable in self._variables().items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Back to a state. Raises `UserError`, with nothing changed, when it is of another training.

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
