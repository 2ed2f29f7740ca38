"""Operator versions: the lowest of each operator that knows what is asked of it, as TensorFlow's converter counts them.

The tables follow TensorFlow Lite's op_version.cc and runtime_version.cc. A runtime refuses an operator
of a version that it does not know, so the lowest version that is right runs on the most phones.
"""

from __future__ import annotations

from typing import NamedTuple

from archspec.errors import Problem
from archspec.export.model import Model, ModelOperation


class Operator(NamedTuple):
    """The schema's options table (or "" for none) and the runtime release that first knew each version."""

    options: str
    releases: dict[int, str]


OPERATORS: dict[str, Operator] = {
    "ABS": Operator("AbsOptions", {1: "1.13.0", 2: "2.4.0"}),
    "ADD": Operator("AddOptions", {1: "1.5.0", 2: "1.14.0"}),
    "ARG_MAX": Operator("ArgMaxOptions", {1: "1.9.0", 2: "1.14.0"}),
    "AVERAGE_POOL_2D": Operator("Pool2DOptions", {1: "1.5.0", 2: "1.14.0"}),
    "BATCH_MATMUL": Operator("BatchMatMulOptions", {1: "2.3.0", 2: "2.3.0"}),
    "CONCATENATION": Operator("ConcatenationOptions", {1: "1.5.0", 2: "1.14.0"}),
    "CONV_2D": Operator("Conv2DOptions", {1: "1.5.0", 3: "1.14.0", 5: "2.4.0", 6: "2.9.0"}),
    "DEPTHWISE_CONV_2D": Operator("DepthwiseConv2DOptions", {1: "1.5.0", 2: "1.12.0", 3: "1.14.0"}),
    "DEPTH_TO_SPACE": Operator("DepthToSpaceOptions", {1: "2.1.0", 2: "2.5.0"}),
    "DEQUANTIZE": Operator("DequantizeOptions", {1: "1.13.1", 2: "1.14.0", 3: "1.15.0"}),
    "DIV": Operator("DivOptions", {1: "1.6.0", 2: "2.3.0"}),
    "ELU": Operator("", {1: "1.14.0"}),
    "EQUAL": Operator("EqualOptions", {1: "1.14.0"}),
    "EXP": Operator("ExpOptions", {1: "1.7.0", 2: "2.12.0"}),
    "FULLY_CONNECTED": Operator("FullyConnectedOptions", {1: "1.5.0", 3: "1.14.0", 5: "2.0.0", 12: "2.17.0"}),
    "GATHER": Operator("GatherOptions", {1: "1.6.0", 2: "1.14.0"}),
    "GELU": Operator("GeluOptions", {1: "2.9.0", 2: "2.9.0"}),
    "HARD_SWISH": Operator("HardSwishOptions", {1: "1.15.0"}),
    "LEAKY_RELU": Operator("LeakyReluOptions", {1: "1.13.1"}),
    "LOG": Operator("", {1: "1.14.0"}),
    "LOGISTIC": Operator("", {1: "1.14.0", 2: "1.14.0"}),
    "MAXIMUM": Operator("MaximumMinimumOptions", {1: "1.14.0", 2: "1.14.0", 3: "2.3.0"}),
    "MAX_POOL_2D": Operator("Pool2DOptions", {1: "1.5.0", 2: "1.14.0"}),
    "MEAN": Operator("ReducerOptions", {1: "1.6.0", 2: "1.14.0"}),
    "MINIMUM": Operator("MaximumMinimumOptions", {1: "1.14.0", 2: "1.14.0", 3: "2.3.0"}),
    "MIRROR_PAD": Operator("MirrorPadOptions", {1: "1.13.1", 2: "2.3.0"}),
    "MUL": Operator("MulOptions", {1: "1.5.0", 2: "1.14.0", 3: "1.15.0"}),
    "NEG": Operator("NegOptions", {1: "1.9.0"}),
    "PAD": Operator("PadOptions", {1: "1.5.0", 2: "1.14.0"}),
    "PRELU": Operator("", {1: "1.8.0"}),
    "QUANTIZE": Operator("QuantizeOptions", {1: "1.14.0"}),
    "RELU": Operator("", {1: "1.5.0", 2: "2.1.0"}),
    "RELU6": Operator("", {1: "1.5.0", 2: "1.14.0"}),
    "RESHAPE": Operator("ReshapeOptions", {1: "1.5.0"}),
    "RESIZE_BILINEAR": Operator("ResizeBilinearOptions", {1: "1.7.0", 2: "1.14.0", 3: "2.2.0"}),
    "RESIZE_NEAREST_NEIGHBOR": Operator("ResizeNearestNeighborOptions", {1: "1.13.1", 2: "1.14.0", 3: "2.3.0"}),
    "RSQRT": Operator("", {1: "1.10.0"}),
    "SELECT_V2": Operator("SelectV2Options", {1: "2.2.0"}),
    "SLICE": Operator("SliceOptions", {1: "1.14.0", 2: "1.14.0", 5: "2.5.0"}),
    "SOFTMAX": Operator("SoftmaxOptions", {1: "1.5.0", 2: "1.14.0"}),
    "SPACE_TO_DEPTH": Operator("SpaceToDepthOptions", {1: "1.5.0", 2: "1.14.0"}),
    "SPLIT": Operator("SplitOptions", {1: "1.5.0", 2: "1.14.0"}),
    "SQUARED_DIFFERENCE": Operator("SquaredDifferenceOptions", {1: "1.13.1"}),
    "STRIDED_SLICE": Operator("StridedSliceOptions", {1: "1.6.0", 2: "1.14.0", 4: "2.2.0"}),
    "SUB": Operator("SubOptions", {1: "1.6.0", 2: "1.14.0", 3: "2.3.0"}),
    "SUM": Operator("ReducerOptions", {1: "1.10.0"}),
    "TANH": Operator("", {1: "1.14.0", 2: "1.14.0"}),
    "TRANSPOSE": Operator("TransposeOptions", {1: "1.6.0", 2: "1.14.0", 4: "2.3.0", 6: "2.12.0"}),
    "TRANSPOSE_CONV": Operator("TransposeConvOptions", {3: "2.3.0", 4: "2.13.0"}),
}

SOURCE = {"SPLIT": 1, "TRANSPOSE_CONV": 2}  # which input the types are told from; elsewhere the first
ONE_VERSION = {"ELU", "HARD_SWISH", "LEAKY_RELU", "PRELU", "QUANTIZE", "RESHAPE", "SELECT_V2"}  # whatever the types
MOST_DIMENSIONS = 4  # of most operators' first versions, the batch included
STRETCHED = {
    "DIV": 2,
    "MAXIMUM": 3,
    "MINIMUM": 3,
    "SUB": 3,
}  # their version for two shapes that differ, of five or more
MOVED = {
    "SLICE": (5, 5),
    "STRIDED_SLICE": (4, 4),
    "TRANSPOSE": (4, 6),
}  # their versions for five dimensions and for six


def find_operator(code: str) -> Operator:
    """The rule of an operator. Raises `Problem` for one that has none."""
    if code not in OPERATORS:
        raise Problem(f"operator {code} has no export rule", "Add a line to OPERATORS in archspec/export/operators.py")
    return OPERATORS[code]


def version(model: Model, operation: ModelOperation) -> int:
    """The lowest version that knows these types and options. Raises `Problem` for an operator without a rule."""
    find_operator(operation.code)
    code, options = operation.code, operation.options
    source = model.tensors[operation.inputs[SOURCE.get(code, 0)]]
    if code == "CONV_2D":
        return _convolution_version(model, operation)
    if code == "DEPTHWISE_CONV_2D" and source.dtype == "float32":
        return 2 if options["dilation_h_factor"] != 1 or options["dilation_w_factor"] != 1 else 1
    if code == "RESIZE_BILINEAR" and options["half_pixel_centers"]:
        return 3
    if code == "RESIZE_NEAREST_NEIGHBOR" and (options["half_pixel_centers"] or options["align_corners"]):
        return 3
    if code == "DEQUANTIZE":
        return {"uint8": 1, "int8": 2, "float16": 3}[source.dtype]
    if code == "TRANSPOSE_CONV":  # all of ours have a bias
        return 3 if options["fused_activation_function"] == "NONE" else 4
    if code == "FULLY_CONNECTED":
        return _dense_version(model, operation)
    if len(source.shape) > MOST_DIMENSIONS and (code in MOVED or _is_stretched(model, operation)):
        return STRETCHED[code] if code in STRETCHED else MOVED[code][len(source.shape) > MOST_DIMENSIONS + 1]
    if source.dtype != "int8" or code in ONE_VERSION:
        return 1
    if code == "MUL" and _product_scale(model, operation) >= 1:
        return 3
    return 3 if code == "DEPTHWISE_CONV_2D" else 2


def _convolution_version(model: Model, operation: ModelOperation) -> int:
    source, kernel = (model.tensors[index] for index in operation.inputs[:2])
    if source.shape[-1] != kernel.shape[-1]:
        return 6  # grouped
    if kernel.dtype != "int8":
        return 1
    return 3 if source.dtype == "int8" else 5


def _dense_version(model: Model, operation: ModelOperation) -> int:
    kernel = model.tensors[operation.inputs[1]]
    if kernel.dtype == "int8":  # of one scale a unit, which older kernels would take for one scale of all
        return 12
    return 5 if operation.options["keep_num_dims"] else 1


def _is_stretched(model: Model, operation: ModelOperation) -> bool:
    shapes = {model.tensors[index].shape for index in operation.inputs}
    return operation.code in STRETCHED and len(shapes) > 1


def _product_scale(model: Model, operation: ModelOperation) -> float:
    first, second, product = (model.tensors[index].quantization for index in (*operation.inputs, *operation.outputs))
    if first is None or second is None or product is None:
        return 0.0
    return float(first.scales[0]) * float(second.scales[0]) / float(product.scales[0])


def minimum_runtime(used: set[tuple[str, int]]) -> str:
    """The first TensorFlow release whose runtime knows all these `(operator, version)` pairs."""
    return max((OPERATORS[code].releases[number] for code, number in used), key=_release_key, default="1.5.0")


def _release_key(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
