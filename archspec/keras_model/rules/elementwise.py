"""Sums, products and their like: of maps, of maps of fewer axes, of a map and a number or a number for each channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layer import Layer
from archspec.keras_model.call import Call, Constant

Numbers = float | tuple[float, ...]


def merged(layer: Callable[..., Layer]) -> Callable[[Call], Tensor]:
    """The rule of a layer or an operation on several tensors; with a constant among two, it is a rescaling."""

    def rule(call: Call) -> Tensor:
        operands = call.arguments[0] if len(call.arguments) == 1 else call.arguments
        operands = [*operands, *(call.options[key] for key in ("x1", "x2") if key in call.options)]
        if len(operands) == 1:
            return call.x
        if all(isinstance(one, Tensor) for one in operands):
            return call.add(layer, *_of_one_rank(call, list(operands)))
        if len(operands) != 2:
            raise Problem(f"{call.kind} of {len(operands)} things, not all of them tensors, has no rule")
        return _with_constant(call, *operands)

    return rule


def _of_one_rank(call: Call, tensors: list[Tensor]) -> list[Tensor]:
    """Those of fewer axes get axes of one number in front, as NumPy does it."""
    rank = max(len(tensor.shape) for tensor in tensors)
    return [
        tensor
        if len(tensor.shape) == rank
        else call.add(
            layers.Reshape, tensor, part=f"raised{at}", target_shape=(1,) * (rank - len(tensor.shape)) + tensor.shape
        )
        for at, tensor in enumerate(tensors)
    ]


def _with_constant(call: Call, first: Any, second: Any) -> Tensor:
    """x + c, x - c, c - x, x · c, x / c as a rescaling of x."""
    flipped = not isinstance(first, Tensor)
    x, constant = (second, first) if flipped else (first, second)
    numbers = _numbers(constant, x, call.kind)
    if call.kind == "Add":
        return _rescaled(call, x, 1.0, numbers)
    if call.kind == "Multiply":
        return _rescaled(call, x, numbers, 0.0)
    if call.kind == "Subtract":
        return _rescaled(call, x, -1.0, numbers) if flipped else _rescaled(call, x, 1.0, _each(numbers, lambda c: -c))
    if call.kind in ("Divide", "TrueDivide") and not flipped and _no_zero(numbers):
        return _rescaled(call, x, _each(numbers, lambda c: 1 / c), 0.0)
    raise Problem(f"{call.kind} of a tensor and a constant has no rule in this order")


def _numbers(constant: Any, x: Tensor, kind: str) -> Numbers:
    if isinstance(constant, int | float):
        return float(constant)
    if isinstance(constant, Constant):
        flat = constant.flat
        if len(flat) == 1:
            return flat[0]
        if constant.shape[-1] == len(flat) == x.channels:
            return tuple(flat)
        raise Problem(f"{kind} with an array of {list(constant.shape)} has no rule", "Use a number, or one a channel")
    raise Problem(f"{kind} with {type(constant).__name__} has no rule")


def _each(numbers: Numbers, change: Callable[[float], float]) -> Numbers:
    return tuple(map(change, numbers)) if isinstance(numbers, tuple) else change(numbers)


def _no_zero(numbers: Numbers) -> bool:
    return all(numbers) if isinstance(numbers, tuple) else bool(numbers)


def _rescaled(call: Call, x: Tensor, scale: Numbers, offset: Numbers) -> Tensor:
    return call.add(layers.Rescaling, x, scale=scale, offset=offset)


def negative(call: Call) -> Tensor:
    """`-x`."""
    return _rescaled(call, call.x, -1.0, 0.0)


def square(call: Call) -> Tensor:
    """`ops.square`."""
    return call.add(layers.Multiply, call.x, call.x)


def custom_scale(call: Call) -> Tensor:
    """`CustomScaleLayer` of InceptionResNetV2: the first input and the second, scaled."""
    first, second = call.tensors
    scaled = call.add(layers.Rescaling, second, part="scaled", scale=float(call.get("scale", 1.0)))
    return call.add(layers.Add, first, scaled)


def dot_product(call: Call) -> Tensor:
    """`ops.matmul`."""
    return call.add(layers.MatMul, *call.tensors)


_MERGING = {
    "Add": layers.Add,
    "Maximum": layers.Maximum,
    "Minimum": layers.Minimum,
    "Multiply": layers.Multiply,
    "Subtract": layers.Subtract,
}
_RULES = {kind: merged(layer) for kind, layer in _MERGING.items()}
LAYERS = {**_RULES, "Average": merged(layers.Average), "CustomScaleLayer": custom_scale}
OPERATIONS = {
    **_RULES,
    "Divide": merged(layers.Divide),
    "Matmul": dot_product,
    "Negative": negative,
    "Square": square,
    "TrueDivide": merged(layers.Divide),
}
