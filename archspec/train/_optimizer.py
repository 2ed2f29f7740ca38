"""The optimizer of a stage: which there are, the learning rate of each step, and each variable's factor and decay.

In a recipe an optimizer is a class of `keras.optimizers` in small letters, with the arguments of its own.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archspec.catalog import load_function, members
from archspec.errors import first_line, nearest, user_error
from archspec.graph import Graph, Node, is_within
from archspec.spec import AnyKind, BoolKind, Entry, Kind, Named, NamedKind, NumberKind, Reads, Table, one_line
from archspec.train._recipe import Stage

USUAL = ("adam", "adamw", "sgd")  # known without importing Keras
NOT_FOR_TRAINING = ("Optimizer", "LossScaleOptimizer", "TFOptimizer", "MultiOptimizer")
STAGE_HAS = {  # Keras's argument -> the key of a stage that sets it
    "learning_rate": "learning_rate",
    "weight_decay": "weight_decay",
    "clipnorm": "clip_norm",
    "clipvalue": "clip_norm",
    "global_clipnorm": "clip_norm",
    "use_ema": "ema",
    "ema_momentum": "ema",
    "ema_overwrite_frequency": "ema",
    "loss_scale_factor": "mixed_precision",
}
LEFT_OUT = ("self", "name", "kwargs", "gradient_accumulation_steps")
CONVOLUTIONS = ("Conv2D", "Conv2DTranspose")


def schedule_names() -> tuple[str, ...]:
    """The files of `schedules`, none imported."""
    return tuple(members("schedules"))


def schedule_function(name: str) -> Callable[..., float]:
    """The function of a schedule's file."""
    return load_function("schedules", name)


def learning_rate(stage: Stage, step: int, steps: int) -> float:
    """The rate of the update number `step`, counted from 0, of `steps`.

    The schedule's clock runs from the very first step, as DeepLab's does: while a warm-up lasts, its rate is used
    instead, or a rising share of the schedule's.
    """
    schedule: Any = schedule_function(stage.schedule.name)
    rate = stage.learning_rate * float(schedule(step / steps, **stage.schedule.arguments))
    warm_up = stage.warm_up
    if warm_up is None or step >= warm_up.steps:
        return rate
    if warm_up.learning_rate is not None:
        return warm_up.learning_rate
    return rate * (step + 1) / warm_up.steps


@cache
def optimizer_classes() -> dict[str, Any]:
    """Every optimizer of Keras by its name in small letters. Imports Keras."""
    from archspec.lower import keras

    found = (getattr(keras.optimizers, name) for name in dir(keras.optimizers) if name not in NOT_FOR_TRAINING)
    kinds = (one for one in found if inspect.isclass(one) and issubclass(one, keras.optimizers.Optimizer))
    return {one.__name__.lower(): one for one in kinds}


@cache
def optimizer_arguments() -> dict[str, dict[str, Any]]:
    """Name of each optimizer in small letters -> its arguments and their defaults, read from Keras's source: nothing
    is imported, which takes seconds. Where its source is laid out otherwise, Keras is imported."""
    spec = importlib.util.find_spec("keras")
    folder = None if spec is None else Path(next(iter(spec.submodule_search_locations or [""])))
    found: dict[str, dict[str, Any]] = {}
    if folder is not None:
        for file in (folder / "src" / "optimizers").glob("*.py"):
            if not file.stem.endswith("_test"):
                found |= _classes_in(file)
    if all(name in found for name in USUAL):
        return found
    return {name: _parameters_of(one) for name, one in optimizer_classes().items()}


def _classes_in(file: Path) -> dict[str, dict[str, Any]]:
    """The optimizers that a file of Keras defines and exports."""
    found = {}
    classes = (one for one in ast.parse(file.read_text("utf-8")).body if isinstance(one, ast.ClassDef))
    for one in classes:
        if one.name.lower() == file.stem.replace("_", "") and one.name not in NOT_FOR_TRAINING:
            makers = (each for each in one.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
            arguments = next((maker.args for maker in makers), None)
            if arguments is not None:
                names = [each.arg for each in arguments.args]
                defaults = [None] * (len(names) - len(arguments.defaults)) + [_literal(x) for x in arguments.defaults]
                found[one.name.lower()] = dict(zip(names, defaults, strict=True))
    return found


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _parameters_of(optimizer: Any) -> dict[str, Any]:
    found = inspect.signature(optimizer.__init__).parameters.values()
    return {one.name: None if one.default is one.empty else one.default for one in found}


def optimizer_names() -> Iterable[str]:
    """Their names, the usual ones first."""
    return dict.fromkeys((*USUAL, *optimizer_arguments()))


def check_values(optimizer: Named) -> None:
    """Raise `UserError` for values that Keras refuses. Imports Keras, which reading a recipe does not."""
    try:
        optimizer_classes()[optimizer.name](**optimizer.arguments)
    except (TypeError, ValueError) as error:
        fact = f"Keras refuses the arguments of '{optimizer.name}' ({first_line(error)})"
        raise user_error(fact, "Change them", "optimizer") from error


class OptimizerKind(NamedKind):
    """`adamw`, or `{sgd: {momentum: 0.9}}`."""

    def __init__(self) -> None:
        super().__init__("optimizer", optimizer_names, lambda name: optimizer_classes()[name])

    @property
    def example(self) -> str:  # type: ignore[override]
        return USUAL[0]

    def knows(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in USUAL or name in optimizer_arguments()

    def arguments(self, name: str, written: Table, path: str, entry: Entry, reader: Reads) -> dict[str, Any]:
        """Checks names, and types of values as far as defaults show them; Keras checks the rest (`check_values`)."""
        if not written.entries:
            return {}
        own = {key: value for key, value in optimizer_arguments()[name].items() if key not in (*LEFT_OUT, *STAGE_HAS)}
        values = {}
        for key, one in written.entries.items():
            if key in STAGE_HAS:
                remedy = f"Write '{STAGE_HAS[key]}' in the stage, beside 'optimizer'"
                reader.fault(f"'{key}' is not an argument here", remedy, f"{path}.{key}", one.place)
            elif key not in own:
                reader.fault(f"unknown argument '{one_line(key)}'", nearest(key, own), f"{path}.{key}", one.place)
            else:
                values[key] = reader.read(_kind_like(own[key]), one.node, f"{path}.{key}")
        return values


def _kind_like(default: Any) -> Kind:
    """The kind of value that such a default stands for."""
    if isinstance(default, bool):
        return BoolKind()
    return NumberKind(real=True, sample="0.9") if isinstance(default, float) else AnyKind()


@dataclass(frozen=True)
class TrainedVariable:
    """A variable that is trained: `rate_factor` multiplies the learning rate, `decay` is per step and rate, `l2` is of
    the loss."""

    key: str
    variable: Any
    rate_factor: float
    decay: float
    l2: float


def trained_variables(model: Any, graph: Graph, stage: Stage) -> tuple[TrainedVariable, ...]:
    """The variables that the stage trains, in the graph's order; frozen layers of `model` are marked as such."""
    layers = {layer.name: layer for layer in model.layers}
    found = []
    for node in graph.nodes:
        layer = layers[node.name]
        frozen_norm = stage.batch_norm.frozen and type(node.layer).__name__ == "BatchNormalization"
        if frozen_norm or is_within(node.name, stage.freeze):
            layer.trainable = False  # a batch norm then uses its moving statistics in training too
        if id(node) not in graph.unread:
            found += [_trained_variable(node, variable, stage) for variable in layer.trainable_variables]
    return tuple(found)


def _trained_variable(node: Node, variable: Any, stage: Stage) -> TrainedVariable:
    rate_factor = 1.0
    for place, factor in stage.learning_rate_multipliers.items():
        if is_within(node.name, (place,)):
            rate_factor *= factor
    decay = stage.weight_decay
    value = decay.value if decay is not None and _decays(node, variable.name, decay.on) else 0.0
    decoupled = decay is not None and decay.kind == "decoupled"
    return TrainedVariable(
        f"{node.name}/{variable.name}", variable, rate_factor, value if decoupled else 0.0, 0.0 if decoupled else value
    )


def _decays(node: Node, array: str, which: str) -> bool:
    if which == "all":
        return True
    return array == "kernel" and (which == "kernels" or type(node.layer).__name__ in CONVOLUTIONS)


def build_optimizer(stage: Stage, trained: Sequence[TrainedVariable]) -> Any:
    """A Keras optimizer that is built for `trained`, in this order."""
    kind = _with_rate_factors(optimizer_classes()[stage.optimizer.name], trained)
    options: dict[str, Any] = dict(stage.optimizer.arguments)
    if stage.clip_norm is not None:
        options["global_clipnorm"] = stage.clip_norm
    if stage.ema is not None:
        options |= {"use_ema": True, "ema_momentum": stage.ema}
    optimizer = kind(learning_rate=stage.learning_rate, **options)
    if stage.mixed_precision == "float16":
        from archspec.lower import keras

        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build([one.variable for one in trained])
    return optimizer


def _with_rate_factors(optimizer_class: Any, trained: Sequence[TrainedVariable]) -> Any:
    """The optimizer with a learning rate and a decay for each variable: Keras has one for all."""
    from archspec.lower import tf

    class WithRateFactors(optimizer_class):  # type: ignore[misc, unused-ignore]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            one = trained[self._get_variable_index(variable)]
            rate = learning_rate if one.rate_factor == 1.0 else learning_rate * one.rate_factor
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

    WithRateFactors.__name__ = optimizer_class.__name__
    return WithRateFactors
