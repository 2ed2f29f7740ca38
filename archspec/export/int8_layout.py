"""The int8 model of a program before there are numbers: its operators, with the passages that int8 needs, and dtypes.

A latency is predicted from it: no range, weight or image changes which operators run.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archspec.cost.file_size import KERNEL_AXIS
from archspec.export.model import Model, ModelOperation, ModelTensor
from archspec.export.precision import convolution_inputs, with_ends, with_passages
from archspec.graph.program import Program

NUMBERS = np.empty(0)  # stands for those of a constant
ANY_RANGE = (0.0, 1.0)


def int8_layout(program: Program, input_dtype: str) -> Model:
    """As `to_int8` makes it of a program with a float32 input; constants have no numbers, and nothing has scales.

    Tensors of the program keep their numbers; what is added comes after them. The image comes as `input_dtype`.
    """
    tensors = tuple(
        ModelTensor(one.name, one.shape, one.dtype, None if one.constant is None else NUMBERS)
        for one in program.tensors
    )
    operations = tuple(
        ModelOperation(one.code, tuple(one.inputs), tuple(one.outputs), one.options, one.keeps_float)
        for one in program.operations
    )
    ends = tuple(program.inputs), tuple(program.outputs)
    model = Model(tensors, operations, *ends, (), ())
    watched = [index for one in operations for index in one.outputs if tensors[index].dtype == "float32"]
    model, ranges = with_passages(model, dict.fromkeys(watched, ANY_RANGE))
    return with_ends(_with_dtypes(model, {*ranges, *model.inputs}), input_dtype)


def _with_dtypes(model: Model, computed: set[int]) -> Model:
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
