"""What each runtime operator computes, in steps of its output: as the runtime's int8 kernel does, with gradients.

A function takes a `Call` and gives the output's steps before they are rounded, or whole ones where the kernel rounds in
a way of its own. In float32 every step is 1. Kernels: XNNPACK's where it has one (convolutions, ADD, SUB, MUL, MEAN,
RESIZE_BILINEAR), else TensorFlow Lite's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.lower import tf
from archspec.quantization._fake_quantisation import replaced
from archspec.quantization._fixed_point import hard_swish, multiplied

SUM_BITS = 20  # of the larger factor of XNNPACK's ADD
MAP_AXES = (1, 2)  # the mean of a whole map, which XNNPACK takes


@dataclass(frozen=True)
class Call:
    """One operator: its inputs as steps, the step of each, the step of its output, and whether that is int8."""

    inputs: tuple[Any, ...]
    steps: tuple[Any, ...]
    output: Any
    zero: Any
    whole: bool
    options: Mapping[str, Any]

    @property
    def real(self) -> Any:
        """The first input's numbers."""
        return self.inputs[0] * self.steps[0]

    @property
    def ratio(self) -> Any:
        """Steps of the output for one step of the first input."""
        return self.steps[0] / self.output


def _sum(call: Call, sign: float = 1.0) -> Any:
    first, second = call.inputs
    factors = call.steps[0] / call.output, sign * call.steps[1] / call.output
    found = first * factors[0] + second * factors[1]
    if not call.whole:
        return found
    wide = [tf.cast(one, tf.float64) for one in factors]
    largest = tf.maximum(tf.abs(wide[0]), tf.abs(wide[1]))
    two = tf.constant(2.0, tf.float64)
    power = tf.pow(two, SUM_BITS - tf.floor(tf.math.log(largest) / tf.math.log(two)))
    whole = [tf.round(one * power) for one in wide]
    total = tf.cast(first, tf.float64) * whole[0] + tf.cast(second, tf.float64) * whole[1]
    return replaced(found, tf.cast(tf.floor(total / power + 0.5), tf.float32))


def _product(call: Call) -> Any:
    return call.inputs[0] * call.inputs[1] * (call.steps[0] * call.steps[1] / call.output)


def _mean(call: Call) -> Any:
    axes = [int(one) for one in call.inputs[1]]
    found = tf.reduce_mean(call.inputs[0], axes, keepdims=call.options["keep_dims"]) * call.ratio
    if not call.whole or tuple(axes) == MAP_AXES:
        return found
    count = float(np.prod([call.inputs[0].shape[axis] for axis in axes]))
    sums = tf.reduce_sum(call.inputs[0], axes, keepdims=call.options["keep_dims"])
    return replaced(found, _fixed(sums, call.ratio / count))


def _total(call: Call) -> Any:
    axes = [int(one) for one in call.inputs[1]]
    return tf.reduce_sum(call.real, axes, keepdims=call.options["keep_dims"]) / call.output


def _pool(call: Call, kind: str) -> Any:
    options = call.options
    window, strides = ((options[f"{name}_h"] if name == "stride" else options["filter_height"],
                        options[f"{name}_w"] if name == "stride" else options["filter_width"])
                       for name in ("filter", "stride"))  # fmt: skip
    function = tf.nn.max_pool2d if kind == "max" else tf.nn.avg_pool2d
    return function(call.inputs[0], window, strides, options["padding"])


def _average_pool(call: Call) -> Any:
    found = _pool(call, "average")
    if not call.whole:
        return found
    held = found + call.zero
    return replaced(found, tf.sign(held) * tf.floor(tf.abs(held) + 0.5 + 1e-6) - call.zero)


def _bilinear(call: Call) -> Any:
    size, options = [int(one) for one in call.inputs[1]], call.options
    align, half = options["align_corners"], options["half_pixel_centers"]
    found = tf.raw_ops.ResizeBilinear(images=call.inputs[0], size=size, align_corners=align, half_pixel_centers=half)
    return replaced(found, tf.floor(found + 0.5 + 1e-5)) if call.whole else found


def _nearest(call: Call) -> Any:
    size, options = [int(one) for one in call.inputs[1]], call.options
    return tf.raw_ops.ResizeNearestNeighbor(
        images=call.inputs[0], size=size, align_corners=options["align_corners"],
        half_pixel_centers=options["half_pixel_centers"],
    )  # fmt: skip


def _batched(shape: Any, source: Any) -> list[Any]:
    """A shape that is written for one image, for as many as there are."""
    return [tf.shape(source)[0], *(int(one) for one in shape[1:])]


def _slice(call: Call) -> Any:
    source, begin, size = call.inputs
    return tf.slice(source, [int(one) for one in begin], _batched(size, source))


def _strided_slice(call: Call) -> Any:
    source, begin, end, strides = call.inputs
    parts = [slice(int(a), int(b), int(c)) for a, b, c in zip(begin[1:], end[1:], strides[1:], strict=True)]
    return source[(slice(None), *parts)]


def _pad(call: Call, mode: str = "CONSTANT") -> Any:
    return tf.pad(call.inputs[0], [[int(one) for one in row] for row in call.inputs[1]], mode=mode)


def _of_real(function: Callable[[Any], Any]) -> Callable[[Call], Any]:
    return lambda call: function(call.real) / call.output


def _moved(function: Callable[..., Any]) -> Callable[[Call], Any]:
    return lambda call: function(*call.inputs)


def _matmul(call: Call) -> Any:
    first, second = call.inputs
    sums = tf.linalg.matmul(first, second, adjoint_a=call.options["adj_x"], adjoint_b=call.options["adj_y"])
    factor = call.steps[0] * call.steps[1] / call.output
    return replaced(sums * factor, _fixed(sums, factor)) if call.whole else sums * factor


def _prelu(call: Call) -> Any:
    source, slope = call.inputs
    found = tf.where(source >= 0, source, source * slope * call.steps[1]) * call.ratio
    if not call.whole:
        return found
    below = _fixed(source * slope, call.steps[0] * call.steps[1] / call.output)
    return replaced(found, tf.where(source >= 0, _fixed(source, call.ratio), below))


def _leaky(call: Call) -> Any:
    return tf.nn.leaky_relu(call.inputs[0], call.options["alpha"]) * call.ratio


def _fixed(steps: Any, factor: Any) -> Any:
    """Whole steps times a factor, as a kernel without floating point multiplies."""
    return tf.cast(multiplied(tf.cast(tf.round(steps), tf.int64), factor), tf.float32)


def _hard_swish(call: Call) -> Any:
    x = call.real
    found = x * tf.nn.relu6(x + 3.0) / 6.0 / call.output
    if not call.whole:
        return found
    whole = hard_swish(tf.cast(tf.round(call.inputs[0]), tf.int64), call.steps[0], call.output)
    return replaced(found, tf.cast(whole, tf.float32))


def _select(call: Call) -> Any:
    condition, one, other = call.inputs
    return tf.where(condition, one, other)


def _gelu(call: Call) -> Any:
    return tf.nn.gelu(call.real, approximate=call.options["approximate"]) / call.output


OPERATORS: dict[str, Callable[[Call], Any]] = {
    "ABS": _of_real(tf.abs),
    "ADD": _sum,
    "ARG_MAX": lambda call: tf.argmax(call.inputs[0], int(call.inputs[1]), tf.int32),
    "AVERAGE_POOL_2D": _average_pool,
    "BATCH_MATMUL": _matmul,
    "CONCATENATION": lambda call: tf.concat(list(call.inputs), call.options["axis"]),
    "DEPTH_TO_SPACE": lambda call: tf.nn.depth_to_space(call.inputs[0], call.options["block_size"]),
    "DEQUANTIZE": lambda call: call.real,
    "DIV": lambda call: call.inputs[0] / call.inputs[1],
    "ELU": _of_real(tf.nn.elu),
    "EQUAL": _moved(tf.equal),
    "EXP": _of_real(tf.exp),
    "GATHER": lambda call: tf.gather(call.inputs[0], call.inputs[1], axis=call.options["axis"]),
    "GELU": _gelu,
    "HARD_SWISH": _hard_swish,
    "LEAKY_RELU": _leaky,
    "LOG": _of_real(tf.math.log),
    "LOGISTIC": _of_real(tf.sigmoid),
    "MAXIMUM": _moved(tf.maximum),
    "MAX_POOL_2D": lambda call: _pool(call, "max"),
    "MEAN": _mean,
    "MINIMUM": _moved(tf.minimum),
    "MIRROR_PAD": lambda call: _pad(call, call.options["mode"]),
    "MUL": _product,
    "NEG": _of_real(tf.negative),
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": lambda call: call.inputs[0] * call.ratio,
    "RELU": lambda call: tf.nn.relu(call.inputs[0]) * call.ratio,
    "RELU6": _of_real(tf.nn.relu6),
    "RESHAPE": lambda call: tf.reshape(call.inputs[0], _batched(call.inputs[1], call.inputs[0])),
    "RESIZE_BILINEAR": _bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _nearest,
    "RSQRT": _of_real(tf.math.rsqrt),
    "SELECT_V2": _select,
    "SLICE": _slice,
    "SOFTMAX": _of_real(tf.nn.softmax),
    "SPACE_TO_DEPTH": lambda call: tf.nn.space_to_depth(call.inputs[0], call.options["block_size"]),
    "SQUARED_DIFFERENCE": lambda call: tf.math.squared_difference(call.inputs[0], call.inputs[1]),
    "STRIDED_SLICE": _strided_slice,
    "SUB": lambda call: _sum(call, -1.0),
    "SUM": _total,
    "TANH": _of_real(tf.tanh),
    "TRANSPOSE": lambda call: tf.transpose(call.inputs[0], [int(one) for one in call.inputs[1]]),
}


def convolved(code: str, source: Any, kernel: Any, shape: Any, options: Mapping[str, Any]) -> Any:
    """CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV or FULLY_CONNECTED without bias, of kernels as the file has them."""
    if code == "FULLY_CONNECTED":
        return tf.linalg.matmul(source, kernel, transpose_b=True)
    strides, padding = [1, options["stride_h"], options["stride_w"], 1], options["padding"]
    if code == "TRANSPOSE_CONV":
        filters = tf.transpose(kernel, (1, 2, 0, 3))
        return tf.nn.conv2d_transpose(source, filters, _batched(shape, source), strides, padding)
    rates = [options["dilation_h_factor"], options["dilation_w_factor"]]
    if code == "DEPTHWISE_CONV_2D":
        channels = int(source.shape[-1])
        filters = tf.reshape(kernel, (*kernel.shape[1:3], channels, int(kernel.shape[3]) // channels))
        return tf.nn.depthwise_conv2d(source, filters, strides, padding, dilations=rates)
    return tf.nn.conv2d(source, tf.transpose(kernel, (1, 2, 3, 0)), strides, padding, dilations=rates)
