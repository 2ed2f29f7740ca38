"""What an int8 model quantises, worked out without a number of it: which tensors are int8, and which share a scale.

The exporter gives the scales numbers after calibration, training with fake quantisation while it trains: the same
plan, so that what is trained is what is exported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.export.float_islands import with_islands
from archspec.export.model import Model, ModelOperation, Quantization
from archspec.graph import range_key

T = TypeVar("T")
Range = tuple[float, float]
LOWEST, HIGHEST, STEPS = -128, 127, 255
IMAGE_RANGE = (0.0, 255.0)
FIXED = {  # the kernels know no other
    "LOGISTIC": Quantization((1 / 256,), (LOWEST,)),
    "SOFTMAX": Quantization((1 / 256,), (LOWEST,)),
    "TANH": Quantization((1 / 128,), (0,)),
}
MOVES_VALUES = {  # and what only chooses between them
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "GATHER",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
    "MIRROR_PAD",
    "PAD",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SELECT_V2",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "STRIDED_SLICE",
    "TRANSPOSE",
}


@dataclass(frozen=True, slots=True, eq=False)
class Int8Plan:
    """`model` has the passages between int8 and float32; `origins` are the int8 tensors, each with the tensor of the
    plain model that has its range; `leaders` the tensor that each shares its scale with; `fixed` the scales of
    leaders that a kernel fixes."""

    model: Model
    origins: Mapping[int, int]
    leaders: Mapping[int, int]
    fixed: Mapping[int, Quantization]


def plan_int8(model: Model) -> Int8Plan:
    """The plan of a float32 model; of its constants only which tensors they are is looked at."""
    computed = [index for one in model.operations for index in one.outputs if model.tensors[index].dtype == "float32"]
    model, origins = with_islands(*unfixed(model, {index: index for index in computed}))
    origins = {**origins, **{index: index for index in model.inputs}}
    leaders = shared_scales(model, origins)
    return Int8Plan(model, origins, leaders, fixed_scales(model, leaders))


def planned_ranges(plan: Int8Plan, ranges: Mapping[str, Array]) -> dict[int, Range]:
    """The range of each int8 tensor of a plan. Raises `Problem` where a group of tensors has none."""
    joined: dict[int, Range] = {}
    for index, leader in plan.leaders.items():
        key = range_key(plan.model.tensors[index].name)
        if key in ranges:
            low, high = (float(one) for one in ranges[key])
            others = joined.get(leader, (low, high))
            joined[leader] = (min(low, others[0]), max(high, others[1]))
    joined |= {plan.leaders[index]: IMAGE_RANGE for index in plan.model.inputs}
    joined |= dict.fromkeys(plan.fixed, (0.0, 0.0))
    for leader in plan.leaders.values():
        if leader not in joined:
            name = plan.model.tensors[leader].name
            fact = f"the weights have int8 ranges of a training, and none for '{name}'"
            raise Problem(fact, "Export the network that was trained, or train it again")
    return {index: joined[leader] for index, leader in plan.leaders.items()}


def fixed_scales(model: Model, leaders: Mapping[int, int]) -> dict[int, Quantization]:
    """By the leader of each group: the scale that a kernel fixes, where one does."""
    whole = [one for one in model.operations if not one.keeps_float and one.code in FIXED]
    return {leaders[one.outputs[0]]: FIXED[one.code] for one in whole if one.outputs[0] in leaders}


def unfixed(model: Model, ranges: dict[int, T]) -> tuple[Model, dict[int, T]]:
    """With a QUANTIZE behind a scale that a kernel fixes, where its numbers are joined with those of another scale."""
    fixed = {one.outputs[0]: one.code for one in model.operations if one.code in FIXED and not one.keeps_float}
    tensors, operations = list(model.tensors), []
    for operation in model.operations:
        computed = [index for index in operation.inputs if index in ranges]
        if operation.code in MOVES_VALUES and len({fixed.get(index) for index in computed}) > 1:
            inputs = list(operation.inputs)
            for position, index in enumerate(operation.inputs):
                if index in fixed:
                    inputs[position] = len(tensors)
                    operations.append(ModelOperation("QUANTIZE", (index,), (len(tensors),), {}))
                    ranges = {**ranges, len(tensors): ranges[index]}
                    tensors.append(replace(tensors[index], name=f"{tensors[index].name}.joined"))
            operation = replace(operation, inputs=tuple(inputs))
        operations.append(operation)
    return replace(model, tensors=tuple(tensors), operations=tuple(operations)), ranges


def shared_scales(model: Model, ranges: Iterable[int]) -> dict[int, int]:
    """Each tensor -> the first of those that must have its scale."""
    parent = {index: index for index in ranges}

    def find(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for operation in model.operations:
        if operation.code in MOVES_VALUES and not operation.keeps_float:
            held = [find(index) for index in (*operation.inputs, *operation.outputs) if index in parent]
            for other in held[1:]:
                parent[find(other)] = find(held[0])
    return {index: find(index) for index in ranges}


def asymmetric(low: float, high: float) -> Quantization:
    """The scale and zero point of a range that has 0 in it."""
    scale = np.float32((high - low) / STEPS) if high > low else np.float32(1)
    zero_point = int(np.clip(np.rint(LOWEST - low / scale), LOWEST, HIGHEST))
    return Quantization((float(scale),), (zero_point,))
