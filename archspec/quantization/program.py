"""A graph as its int8 file computes it, in TensorFlow with gradients: fake quantisation where the file quantises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.cost.file_size import KERNEL_AXIS
from archspec.errors import Problem
from archspec.export.int8_plan import IMAGE_RANGE, MOVES_VALUES, plan_int8
from archspec.export.model import ModelOperation, unfilled
from archspec.export.precision import convolution_inputs
from archspec.graph import Graph, range_key
from archspec.graph.program import Program, build_program
from archspec.graph.program.fusion import find_tail
from archspec.lower import tf
from archspec.quantization._arrays import TensorArray, TensorWeights
from archspec.quantization._fake_quantisation import (
    Scale,
    clipped,
    fixed_scale,
    quantised,
    quantised_constant,
    quantised_kernel,
    range_scale,
)
from archspec.quantization._operators import OPERATORS, Call, convolved

REAL = Scale(np.float32(1.0), np.float32(-np.inf), np.float32(np.inf))  # no tensor: importing must not start TensorFlow
Tensors = Mapping[str, Any]


class FakeQuantised:
    """What the int8 file of a graph computes, for any number of images. `keys` are the ranges it needs, by the names
    that weights have them under. Raises `Problem` for an operator that cannot be trained through."""

    def __init__(self, graph: Graph) -> None:
        keep_order()
        self._program = build_program(graph, "follow", "float32")
        self._plan = plan_int8(unfilled(self._program))
        self._model = self._plan.model
        unknown = {one.code for one in self._model.operations} - OPERATORS.keys() - KERNEL_AXIS.keys()
        if unknown:
            fact = f"quantisation cannot be trained through {', '.join(sorted(unknown))}"
            raise Problem(fact, "Train in float32 and export with representative images")
        self._normed = _norms(self._program)
        groups = set(self._plan.leaders.values()) - self._plan.fixed.keys() - set(self._model.inputs)
        self._keys = {leader: range_key(self._model.tensors[leader].name) for leader in sorted(groups)}
        self.keys = tuple(self._keys.values())

    def __call__(
        self, images: Any, weights: Tensors, ranges: Tensors, statistics: dict[str, Any] | None = None,
        seen: dict[str, list[Any]] | None = None, following: Collection[str] = (),
    ) -> list[Any]:  # fmt: skip
        """The outputs of images `(N, H, W, C)` in 0..255, real numbers.

        `ranges` are `[low, high]` by their keys; without any, nothing is quantised. `following` are the batch
        norms behind convolutions that take the statistics of the batch, which are left in `statistics`.
        `seen`: `[low, high]` of what is computed, by key.
        """
        run = _Run(self, weights, ranges, statistics, seen, following)
        return run.outputs(images)

    def observed(self, images: Iterable[Any], weights: Tensors) -> dict[str, Array]:
        """The range of each key over some batches of images, nothing quantised. Raises `Problem` without images."""

        def look(batch: Any) -> dict[str, Any]:
            seen: dict[str, list[Any]] = {}
            self(batch, weights, {}, seen=seen)
            return {key: joined(found) for key, found in seen.items()}

        traced = tf.function(look, autograph=False)
        total: dict[str, Array] = {}
        for batch in images:
            for key, one in traced(batch).items():
                low, high = total.get(key, np.zeros(2, np.float32))
                total[key] = np.array([min(low, float(one[0])), max(high, float(one[1]))], np.float32)
        if not total:
            raise Problem("no images to begin the ranges of int8 with")
        return total


def keep_order() -> None:
    """Products in the order in which they are written: TensorFlow's folding of constants would regroup factors, and
    one that is off in its last bit rounds the other way where a number lies between two steps. For the process."""
    tf.config.optimizer.set_experimental_options({"constant_folding": False})


def joined(found: list[Any]) -> Any:
    """`[low, high]` of several, and of 0."""
    pairs = tf.stack([*found, tf.zeros([2])])
    return tf.stack([tf.reduce_min(pairs[:, 0]), tf.reduce_max(pairs[:, 1])])


class _Run:
    """One pass: runtime tensors as they are made."""

    def __init__(
        self,
        of: FakeQuantised,
        weights: Tensors,
        ranges: Tensors,
        statistics: dict[str, Any] | None,
        seen: Any,
        following: Collection[str] = (),
    ) -> None:
        self._program, self._model, self._plan = of._program, of._model, of._plan
        self._keys = of._keys
        self._normed = {index: norm for index, norm in of._normed.items() if norm.name in following}
        self._weights, self._statistics, self._seen = weights, statistics, seen
        self._recipes = TensorWeights(weights)
        self._held: dict[int, Any] = {}
        self._quantises = bool(ranges)
        self._scales = self._group_scales(ranges) if ranges else {}

    def _group_scales(self, ranges: Tensors) -> dict[int, Scale]:
        found = {
            leader: range_scale(*tf.unstack(tf.convert_to_tensor(ranges[key]))) for leader, key in self._keys.items()
        }
        for leader, one in self._plan.fixed.items():
            found[leader] = fixed_scale(float(one.scales[0]), int(one.zero_points[0]))
        for index in self._model.inputs:
            found[self._plan.leaders[index]] = range_scale(*(tf.constant(one) for one in IMAGE_RANGE))
        return found

    def outputs(self, images: Any) -> list[Any]:
        entrance = self._model.inputs[0]
        scale = self._scale(entrance)
        self._held[entrance] = quantised(images / scale.step, scale) if self._quantises else images
        for operation in self._model.operations:
            self._operate(operation)
        return [self._held[index] * self._scale(index).step for index in self._model.outputs]

    def _scale(self, index: int) -> Scale:
        return self._scales.get(self._plan.leaders.get(index, -1), REAL)

    def _operate(self, operation: ModelOperation) -> None:
        index = operation.outputs[0]
        scale = self._scale(index)
        if operation.code in KERNEL_AXIS:
            steps = self._convolve(operation, scale)
        else:
            given = [self._input(one, operation) for one in operation.inputs]
            whole = scale is not REAL
            call = Call(
                tuple(numbers for numbers, _ in given), tuple(step for _, step in given), scale.step,
                -128.0 - scale.lowest, whole, operation.options,
            )  # fmt: skip
            steps = OPERATORS[operation.code](call)
        if self._model.tensors[index].dtype != "float32":
            self._held[index] = steps
            return
        steps = _activated(steps, operation.options.get("fused_activation_function", "NONE"), scale)
        self._watch(index, operation.code, steps, scale)
        exact = scale is REAL or operation.code in _EXACT
        self._held[index] = steps if exact else quantised(steps, scale)

    def _watch(self, index: int, code: str, steps: Any, scale: Scale) -> None:
        key = self._keys.get(self._plan.leaders.get(index, -1))
        if self._seen is not None and key is not None and code not in MOVES_VALUES:
            real = tf.stop_gradient(steps * scale.step)
            self._seen.setdefault(key, []).append(tf.stack([tf.reduce_min(real), tf.reduce_max(real)]))

    # --- constants ---------------------------------------------------------------------------------------
    def _input(self, index: int, operation: ModelOperation) -> tuple[Any, Any]:
        """Steps of an input, and their size; numbers that say how (axes, sizes) as they are."""
        if index in self._held:
            return self._held[index], self._scale(index).step
        tensor = self._model.tensors[index]
        if tensor.dtype != "float32":
            return self._written(index), 1.0
        numbers = self._constant(index, self._recipes)
        if not self._quantises or operation.keeps_float:
            return numbers, tf.constant(1.0)
        beside = self._scale(operation.outputs[0]) if operation.code in MOVES_VALUES else None
        return quantised_constant(numbers, beside)

    def _written(self, index: int) -> Array:
        written = self._program.tensors[index].constant
        return np.array(written).reshape(self._program.tensors[index].shape)

    def _constant(self, index: int, recipes: Any) -> Any:
        if index >= len(self._program.tensors):  # a copy of a constant that both kinds read
            name = self._model.tensors[index].name.rpartition(".")[0]
            index = next(number for number, one in enumerate(self._program.tensors) if one.name == name)
        tensor = self._program.tensors[index]
        if isinstance(tensor.constant, tuple):
            return tf.constant(self._written(index), tf.float32)
        found = tensor.constant(recipes)  # type: ignore[misc]
        found = found.tensor if isinstance(found, TensorArray) else found
        return tf.cast(tf.reshape(found, tensor.shape), tf.float32)

    # --- convolutions ------------------------------------------------------------------------------------
    def _convolve(self, operation: ModelOperation, scale: Scale) -> Any:
        source, kernel, bias = convolution_inputs(operation)
        norm = None if self._statistics is None else self._normed.get(operation.outputs[0])
        recipes = self._recipes if norm is None else TensorWeights({**self._weights, **norm.identity(self._weights)})
        weights, terms = self._constant(kernel, recipes), self._constant(bias, recipes)
        axis, step = KERNEL_AXIS[operation.code], self._scale(source).step
        shape = self._written(operation.inputs[0]) if operation.code == "TRANSPOSE_CONV" else None
        if scale is REAL:
            return convolved(operation.code, self._held[source], weights, shape, operation.options) + terms
        if norm is not None:
            terms = tf.zeros_like(terms)
        weights, terms, scales = quantised_kernel(weights, terms, axis, step, scale.step)
        sums = convolved(operation.code, self._held[source], weights, shape, operation.options)
        if norm is None:
            return (sums + terms) * (step * scales / scale.step)
        assert self._statistics is not None  # noqa: S101 (norm is None without)
        return norm.applied(sums * (step * scales), self._weights, self._statistics) / scale.step


_EXACT = {  # whole steps of the same scale stay so
    "CONCATENATION", "DEPTH_TO_SPACE", "GATHER", "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MIRROR_PAD", "PAD", "RESHAPE",
    "RESIZE_NEAREST_NEIGHBOR", "SELECT_V2", "SLICE", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "TRANSPOSE",
}  # fmt: skip


def _activated(steps: Any, activation: str, scale: Scale) -> Any:
    zero = tf.zeros([])
    if activation == "RELU":
        return tf.nn.relu(steps)
    if activation == "RELU6":
        most = 6.0 / scale.step
        return clipped(steps, zero, most if scale is REAL else tf.round(tf.stop_gradient(most)))
    return steps


class _Norm:
    """A batch norm inside a convolution, while it still follows the batches.

    Kernels have one scale an output channel, so folding it in before or after quantisation is the same but for the
    rounding of float32: the plain kernel is quantised, and the norm stands behind it.
    """

    def __init__(self, name: str, config: Mapping[str, Any], order: list[int] | None) -> None:
        self.name, self._config, self._order = name, config, order

    def identity(self, weights: Tensors) -> dict[str, Any]:
        """Arrays of it with which folding changes nothing."""
        one = tf.ones_like(tf.convert_to_tensor(weights[f"{self.name}/moving_mean"]))
        found = {"moving_mean": one * 0, "moving_variance": one * (1 - self._config["epsilon"]), "gamma": one}
        return {f"{self.name}/{key}": array for key, array in {**found, "beta": one * 0}.items()}

    def applied(self, numbers: Any, weights: Tensors, statistics: dict[str, Any]) -> Any:
        """Normed by the batch's own mean and variance, which are left in `statistics` as the network orders them."""
        mean, variance = tf.nn.moments(numbers, list(range(len(numbers.shape) - 1)))
        factor = tf.math.rsqrt(variance + self._config["epsilon"])
        if self._config["scale"]:
            factor = factor * self._ordered(weights[f"{self.name}/gamma"])
        found = (numbers - mean) * factor
        back = None if self._order is None else np.argsort(self._order)
        for key, one in (("moving_mean", mean), ("moving_variance", variance)):
            statistics[f"{self.name}/{key}"] = tf.stop_gradient(one if back is None else tf.gather(one, back))
        if self._config["center"]:
            found = found + self._ordered(weights[f"{self.name}/beta"])
        return found

    def _ordered(self, array: Any) -> Any:
        array = tf.convert_to_tensor(array)
        return array if self._order is None else tf.gather(array, self._order)


def _norms(program: Program) -> dict[int, _Norm]:
    """By the output of each convolution with a batch norm inside: that, and the order of its channels."""
    found = {}
    for operation in program.operations:
        if operation.code in KERNEL_AXIS and not operation.keeps_float:
            tail = find_tail(program.graph.node(operation.node), True)
            if tail.batch_norm is not None:
                bias = program.tensors[operation.inputs[-1]].constant
                found[operation.outputs[0]] = _Norm(
                    tail.batch_norm.name, tail.batch_norm.layer.config, _order(bias, tail.batch_norm.name, program)
                )
    return found


def _order(bias: Any, norm: str, program: Program) -> list[int] | None:
    """How channels lie, told from the bias: with a shift of 0, 1, 2, … in each channel it is that order."""
    node = program.graph.node(norm)
    count = node.output.channels
    arrays: dict[str, Array] = {f"{norm}/{spec.name}": np.ones(count, np.float32) for spec in node.layer.weights(node)}
    if f"{norm}/beta" in arrays:
        arrays[f"{norm}/beta"], arrays[f"{norm}/moving_mean"] = np.arange(count), np.zeros(count)
    else:
        arrays[f"{norm}/moving_mean"] = -np.arange(count)
    source = node.inputs[0].node
    arrays |= {f"{source.name}/{spec.name}": np.zeros(spec.shape) for spec in source.layer.weights(source)}
    order = np.argsort(np.argsort(bias(arrays))).tolist()
    return None if order == list(range(count)) else order
