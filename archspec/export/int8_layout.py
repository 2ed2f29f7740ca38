"""The int8 model of a program before there are numbers: its operators, with the passages that int8 needs, and dtypes.

A latency is predicted from it: no range, weight or image changes which operators run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from archspec.cost.file_size import KERNEL_AXIS
from archspec.export.int8_plan import plan_int8
from archspec.export.model import Model, unfilled
from archspec.export.precision import convolution_inputs, with_ends
from archspec.graph.program import Program


def int8_layout(program: Program, input_dtype: str) -> Model:
    """As `to_int8` makes it of a program with a float32 input; constants have no numbers, and nothing has scales.

    Tensors of the program keep their numbers; what is added comes after them. The image comes as `input_dtype`.
    """
    plan = plan_int8(unfilled(program))
    return with_ends(_with_dtypes(plan.model, plan.origins), input_dtype)


def _with_dtypes(model: Model, computed: Iterable[int]) -> Model:
    """With what `quantised` makes of tensors: int8 maps and constants, int32 biases."""
    tensors = list(model.tensors)
    dtypes = dict.fromkeys(computed, "int8")
    for operation in model.operations:
        if operation.keeps_float:
            continue
        for index in operation.inputs:
            if tensors[index].data is not None and tensors[index].dtype == "float32":
                dtypes[index] = "int8"
        if operation.code in KERNEL_AXIS:
            dtypes[convolution_inputs(operation)[2]] = "int32"
    for index, dtype in dtypes.items():
        tensors[index] = replace(tensors[index], dtype=dtype)
    return replace(model, tensors=tuple(tensors))
