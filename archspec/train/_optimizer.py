"""The optimizer of a stage: Keras's own, with a pace and a decay for each variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archspec.graph import Graph, Node
from archspec.lower.framework import keras, tf
from archspec.train._network import is_within
from archspec.train._optimizer_kind import optimizer_classes
from archspec.train._recipe import Stage

CONVOLUTIONS = ("Conv2D", "Conv2DTranspose")


@dataclass(frozen=True)
class Moved:
    """A variable that training moves: `pace` multiplies the learning rate, `decay` is per step and rate, `l2` is of
    the loss."""

    key: str
    variable: Any
    pace: float
    decay: float
    l2: float


def moved_variables(model: Any, graph: Graph, stage: Stage) -> tuple[Moved, ...]:
    """The variables that the stage trains, in the graph's order; frozen layers of `model` are marked as such."""
    layers = {layer.name: layer for layer in model.layers}
    found = []
    for node in graph.nodes:
        layer = layers[node.name]
        frozen_norm = stage.batch_norm.frozen and type(node.layer).__name__ == "BatchNormalization"
        if frozen_norm or is_within(node.name, stage.freeze):
            layer.trainable = False  # a batch norm then uses its moving statistics in training too
        if id(node) not in graph.unread:
            found += [_moved(node, variable, stage) for variable in layer.trainable_variables]
    return tuple(found)


def _moved(node: Node, variable: Any, stage: Stage) -> Moved:
    pace = 1.0
    for place, factor in stage.learning_rate_multipliers.items():
        if is_within(node.name, (place,)):
            pace *= factor
    decay = stage.weight_decay
    value = decay.value if decay is not None and _decays(node, variable.name, decay.on) else 0.0
    decoupled = decay is not None and decay.kind == "decoupled"
    return Moved(
        f"{node.name}/{variable.name}", variable, pace, value if decoupled else 0.0, 0.0 if decoupled else value
    )


def _decays(node: Node, array: str, which: str) -> bool:
    if which == "all":
        return True
    return array == "kernel" and (which == "kernels" or type(node.layer).__name__ in CONVOLUTIONS)


def build_optimizer(stage: Stage, moved: Sequence[Moved]) -> Any:
    """A Keras optimizer that is built for `moved`, in this order."""
    kind = _paced(optimizer_classes()[stage.optimizer.name], moved)
    options: dict[str, Any] = dict(stage.optimizer.arguments)
    if stage.clip_norm is not None:
        options["global_clipnorm"] = stage.clip_norm
    if stage.ema is not None:
        options |= {"use_ema": True, "ema_momentum": stage.ema}
    optimizer = kind(learning_rate=stage.learning_rate, **options)
    if stage.mixed_precision == "float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build([one.variable for one in moved])
    return optimizer


def _paced(optimizer_class: Any, moved: Sequence[Moved]) -> Any:
    """Keras knows one learning rate for all variables, and decays by it."""

    class Paced(optimizer_class):  # type: ignore[misc, unused-ignore]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            one = moved[self._get_variable_index(variable)]
            rate = learning_rate if one.pace == 1.0 else learning_rate * one.pace
            if one.decay:
                variable.assign_sub(variable * (rate * one.decay))
            super().update_step(gradient, variable, rate)

        def _apply_weight_decay(self, variables: Any) -> None:
            """Done in `update_step`."""

        def _clip_gradients(self, gradients: Any) -> Any:
            """Keras clips what each replica has by itself, before the sum; the norm is that of the sum."""
            replica = tf.distribute.get_replica_context()
            if self.global_clipnorm is None or replica.num_replicas_in_sync == 1:
                return super()._clip_gradients(gradients)
            norm = tf.linalg.global_norm(replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients))
            factor = self.global_clipnorm / tf.maximum(norm, self.global_clipnorm)
            return [gradient * factor for gradient in gradients]

        def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
            """The sum over one replica is there already. TensorFlow's own way there keeps the traced graph and its
            variables until the process ends: it names a gradient for it, in a register of the process."""
            if tf.distribute.get_replica_context().num_replicas_in_sync == 1:
                return grads_and_vars
            return super()._all_reduce_sum_gradients(grads_and_vars)

    Paced.__name__ = optimizer_class.__name__
    return Paced
