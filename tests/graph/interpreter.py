"""A runtime for programs, in NumPy: each operator as the .tflite schema defines it, batch 1, float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.graph.program import Operation, Program
from tests.graph import oracle
from tests.graph.oracle import Array

Rule = Callable[[Program, Operation, list[Array]], list[Array]]
CLAMPS: dict[str, Callable[[Array], Array]] = {
    "NONE": lambda x: x,
    "RELU": lambda x: np.maximum(x, 0.0),
    "RELU6": lambda x: np.clip(x, 0.0, 6.0),
}


def run(program: Program, weights: dict[str, Array], pixels: Array) -> list[Array]:
    """What the program gives back for one image `(H, W, C)`.

    Every tensor is written once, before it is read, in its declared shape.
    """
    memory: dict[int, Array] = {program.inputs[0]: pixels[None]}
    for index, tensor in enumerate(program.tensors):
        if tensor.constant is not None:
            memory[index] = _constant(program, index, weights)
    for operation in program.operations:
        results = RULES[operation.code](program, operation, [memory[index] for index in operation.inputs])
        for index, result in zip(operation.outputs, results, strict=True):
            assert index not in memory, f"{program.tensors[index].name} is written twice"
            assert result.shape == program.tensors[index].shape, (operation.code, program.tensors[index].name)
            memory[index] = CLAMPS[operation.options.get("fused_activation_function", "NONE")](result)
    return [memory[index][0] for index in program.outputs]


def _constant(program: Program, index: int, weights: dict[str, Array]) -> Array:
    tensor = program.tensors[index]
    constant = tensor.constant
    assert constant is not None
    if not isinstance(constant, tuple):
        found: Array = constant(weights)
    else:
        found = np.array(constant, np.int64 if tensor.dtype == "int32" else np.float64).reshape(tensor.shape)
    assert found.shape == tensor.shape, tensor.name
    return found


def _conv(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    options = operation.options
    strides = options["stride_h"], options["stride_w"]
    rates = options["dilation_h_factor"], options["dilation_w_factor"]
    padding = options["padding"].lower()
    if operation.code == "CONV_2D":  # filters, kh, kw, C
        return [oracle.conv2d(x[0][0], x[1].transpose(1, 2, 3, 0), x[2], strides, rates, padding)[None]]
    multiplier = options["depth_multiplier"]
    assert x[1].shape[3] == x[0].shape[3] * multiplier
    kernel = x[1].reshape(*x[1].shape[1:3], x[0].shape[3], multiplier)  # 1, kh, kw, C · multiplier
    return [oracle.depthwise(x[0][0], kernel, x[2], strides, rates, padding)[None]]


def _pool(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    options = operation.options
    rule = oracle.max_pool if operation.code == "MAX_POOL_2D" else oracle.average_pool
    size = options["filter_height"], options["filter_width"]
    return [rule(x[0][0], size, (options["stride_h"], options["stride_w"]), options["padding"].lower())[None]]


def _resize(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    interpolation = "bilinear" if operation.code == "RESIZE_BILINEAR" else "nearest"
    aligned = operation.options["align_corners"]
    assert operation.options["half_pixel_centers"] == (not aligned)
    height, width = x[1].tolist()
    return [oracle.resize(x[0][0], (height, width), interpolation, aligned)[None]]


def _slice(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    window = tuple(slice(start, start + length) for start, length in zip(x[1].tolist(), x[2].tolist(), strict=True))
    return [x[0][window]]


def _mean(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    return [x[0].mean(tuple(x[1].tolist()), keepdims=operation.options["keep_dims"])]


def _dequantize(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    scale = program.tensors[operation.inputs[0]].scale
    assert scale is not None
    return [x[0] * scale]


def _leaky(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    return [np.where(x[0] < 0, x[0] * operation.options["alpha"], x[0])]


def _plain(rule: Callable[..., Any]) -> Rule:
    return lambda program, operation, x: [rule(*x)]


def _transpose_conv(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    shape, kernel, source, bias = x
    strides = operation.options["stride_h"], operation.options["stride_w"]
    assert operation.options["padding"] == "SAME"
    found = oracle.transposed(source[0], kernel.transpose(1, 2, 0, 3), bias, strides)[None]  # filters, kh, kw, C
    assert found.shape == tuple(shape.tolist())
    return [found]


def _mirror(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
    assert operation.options == {"mode": "SYMMETRIC"}
    return [np.pad(x[0], x[1], "symmetric")]


def _blocks(rule: Callable[[Array], Array]) -> Rule:
    def run_one(program: Program, operation: Operation, x: list[Array]) -> list[Array]:
        assert operation.options == {"block_size": 2}
        return [rule(x[0][0])[None]]

    return run_one


RULES: dict[str, Rule] = {
    "ADD": _plain(np.add),
    "MUL": _plain(np.multiply),
    "SUB": _plain(np.subtract),
    "BATCH_MATMUL": lambda program, operation, x: [
        x[0] @ (x[1].swapaxes(-1, -2) if operation.options["adj_y"] else x[1])
    ],
    "DIV": _plain(np.divide),
    "SUM": lambda program, operation, x: [x[0].sum(tuple(x[1].tolist()), keepdims=operation.options["keep_dims"])],
    "SQUARED_DIFFERENCE": _plain(lambda x, y: (x - y) ** 2),
    "RSQRT": _plain(lambda x: x**-0.5),
    "FULLY_CONNECTED": _plain(lambda x, kernel, bias: x @ kernel.T + bias),
    "ELU": _plain(lambda x: np.where(x > 0, x, np.expm1(x))),
    "ARG_MAX": _plain(lambda x, axis: x.argmax(int(axis))),
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": lambda program, operation, x: [np.concatenate(x, operation.options["axis"])],
    "CONV_2D": _conv,
    "DEPTH_TO_SPACE": _blocks(oracle.depth_to_space),
    "DEPTHWISE_CONV_2D": _conv,
    "DEQUANTIZE": _dequantize,
    "EQUAL": _plain(np.equal),
    "GATHER": lambda program, operation, x: [np.take(x[0], x[1], operation.options["axis"])],
    "HARD_SWISH": _plain(oracle.hard_swish),
    "LEAKY_RELU": _leaky,
    "LOGISTIC": _plain(oracle.sigmoid),
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "MIRROR_PAD": _mirror,
    "PAD": _plain(np.pad),
    "PRELU": _plain(lambda x, slope: np.where(x < 0, slope * x, x)),
    "RELU": _plain(CLAMPS["RELU"]),
    "RELU6": _plain(CLAMPS["RELU6"]),
    "RESHAPE": _plain(lambda x, shape: x.reshape(shape.tolist())),
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "SELECT_V2": _plain(np.where),
    "SLICE": _slice,
    "SOFTMAX": _plain(oracle.softmax),
    "SPACE_TO_DEPTH": _blocks(oracle.space_to_depth),
    "SPLIT": lambda program, operation, x: np.split(x[1], operation.options["num_splits"], int(x[0])),
    "TANH": _plain(np.tanh),
    "TRANSPOSE": _plain(lambda x, order: x.transpose(order.tolist())),
    "TRANSPOSE_CONV": _transpose_conv,
}
