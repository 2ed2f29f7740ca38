"""A float32 model in another precision: float16, dynamic or int8."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from archspec.arrays import PLAIN_CALIBRATION, Array, Calibration, Weights
from archspec.cost.file_size import DYNAMIC, KERNEL_AXIS
from archspec.export.bias_correction import KernelMeans, bias_shift
from archspec.export.calibration import Observed, calibrate
from archspec.export.float_islands import with_islands
from archspec.export.int8_plan import (
    HIGHEST,
    IMAGE_RANGE,
    LOWEST,
    MOVES_VALUES,
    asymmetric,
    fixed_scales,
    plan_int8,
    planned_ranges,
    shared_scales,
    unfixed,
)
from archspec.export.model import Model, ModelOperation, ModelTensor, Quantization
from archspec.export.ranges import Range

LARGEST_FLOAT16 = 65504.0
LARGEST_INT8 = 127  # symmetric: -128 is not used, as the quantisation specification asks
LARGEST_BIAS = 2**30
SMALLEST_RESCALING = 2.0**-30  # XNNPACK takes products of scales down to 2^-32 of the output's


# --- float16 ---------------------------------------------------------------------------------------------
# Weights are stored in half precision and made float32 again by DEQUANTIZE; XNNPACK does that once, at load.
def to_float16(model: Model) -> Model:
    """Every kernel and bias as float16. Single numbers, such as the scale of the image, stay float32."""
    tensors = list(model.tensors)
    operations: list[ModelOperation] = []
    restored: dict[int, int] = {}
    for operation in model.operations:
        inputs = []
        for index in operation.inputs:
            if _is_weight(model.tensors[index]) and index not in restored:
                restored[index] = len(tensors)
                tensors.append(replace(model.tensors[index], name=f"{model.tensors[index].name}.float32", data=None))
                tensors[index] = _halved(model.tensors[index])
                operations.append(ModelOperation("DEQUANTIZE", (index,), (restored[index],), {}))
            inputs.append(restored.get(index, index))
        operations.append(replace(operation, inputs=tuple(inputs)))
    return replace(model, tensors=tuple(tensors), operations=tuple(operations))


def _is_weight(tensor: ModelTensor) -> bool:
    return tensor.data is not None and tensor.dtype == "float32" and tensor.shape != ()


def _halved(tensor: ModelTensor) -> ModelTensor:
    assert tensor.data is not None  # noqa: S101 (told by _is_weight)
    return replace(
        tensor, dtype="float16", data=np.clip(tensor.data, -LARGEST_FLOAT16, LARGEST_FLOAT16).astype(np.float16)
    )


# --- dynamic ---------------------------------------------------------------------------------------------
# int8 kernels of plain convolutions and dense layers; the runtime quantises what flows in as it comes. No others: the
# hybrid depthwise operator leaves XNNPACK and makes a network of them up to twice as slow, and grouped convolutions
# have no hybrid operator there.
def to_dynamic(model: Model) -> Model:
    """Every kernel of FULLY_CONNECTED and ungrouped CONV_2D as int8, one scale an output channel; all else float32."""
    tensors = list(model.tensors)
    for operation in model.operations:
        if operation.code not in DYNAMIC:
            continue
        source, kernel = (model.tensors[index] for index in operation.inputs[:2])
        if kernel.data is not None and source.shape[-1] == kernel.shape[-1]:
            axis = KERNEL_AXIS[operation.code]
            scales = symmetric_scales(kernel.data, axis)
            tensors[operation.inputs[1]] = replace(
                kernel,
                dtype="int8",
                data=quantise_kernel(kernel.data, scales, axis),
                quantization=Quantization(scales, np.zeros(len(scales), np.int64), axis),
            )
    return replace(model, tensors=tuple(tensors))


def symmetric_scales(kernel: Array, axis: int) -> Array:
    """`(channels,)` float32: the largest weight of each channel becomes ±127. A channel of zeros gets scale 1."""
    others = tuple(index for index in range(kernel.ndim) if index != axis)
    largest = np.abs(kernel).max(axis=others)
    return np.where(largest > 0, largest / LARGEST_INT8, 1.0).astype(np.float32)


def quantise_kernel(kernel: Array, scales: Array, axis: int) -> Array:
    """The kernel as int8, rounded to nearest."""
    steps = np.rint(kernel / _along(scales, axis, kernel.ndim))
    return np.clip(steps, -LARGEST_INT8, LARGEST_INT8).astype(np.int8)


def _restored(rounded: Array, scales: Array, axis: int) -> Array:
    """What an int8 kernel stands for."""
    restored: Array = rounded * _along(scales, axis, rounded.ndim).astype(np.float64)
    return restored


def _along(scales: Array, axis: int, ndim: int) -> Array:
    """Scales of one axis, shaped so that they multiply a kernel."""
    shape = [1] * ndim
    shape[axis] = -1
    return scales.reshape(shape)


# --- int8 ------------------------------------------------------------------------------------------------
# Activations and weights as 8-bit integers, after the TensorFlow Lite 8-bit quantisation specification: activations
# have one scale and zero point a tensor, kernels one scale an output channel, biases are int32. Operators that only
# move values (slices, concatenations, pooling, resizing, …) have the same scale on every side, so that nothing is
# rounded twice and no QUANTIZE stands between them: a followed channel shuffle stays slices and concatenations of int8.
# The image is exact: 0..255 at scale 1. What a layer keeps in float32 (normalisation, division) stands between
# DEQUANTIZE and QUANTIZE (archspec/export/float_islands.py).
def to_int8(
    model: Model, images: Iterable[Array], input_dtype: str = "float32", how: Calibration = PLAIN_CALIBRATION
) -> Model:
    """The int8 model of a float32 one, calibrated on `images`, each `(1, H, W, C)` in 0..255.

    The image comes as `input_dtype` (float32 or uint8); labels leave as int32, logits as float32.
    """
    return int8_of(model, calibrate(model, images, how), input_dtype)


def int8_of(model: Model, observed: Observed, input_dtype: str = "float32") -> Model:
    """The same of what was observed of the float32 model before."""
    model, ranges = with_islands(*unfixed(model, observed.ranges))
    ranges = {**ranges, **dict.fromkeys(model.inputs, IMAGE_RANGE)}
    return with_ends(quantised(model, ranges, observed.kernel_means), input_dtype)


def to_int8_by_training(model: Model, trained: Weights, input_dtype: str = "float32") -> Model:
    """The int8 model of a float32 one with the ranges that a training left, `trained`, and no images.

    Raises `Problem` where one is missing.
    """
    plan = plan_int8(model)
    return with_ends(quantised(plan.model, planned_ranges(plan, trained)), input_dtype)


def quantised(model: Model, ranges: dict[int, Range], kernel_means: KernelMeans | None = None) -> Model:
    """The model with every tensor of `ranges` as int8, its inputs and outputs too, and with int8 weights.

    The biases of kernels that `kernel_means` has are corrected for what rounding does to the kernel.
    """
    quantizations = _activations(model, ranges)
    tensors = list(model.tensors)
    for index, quantization in quantizations.items():
        tensors[index] = replace(tensors[index], dtype="int8", quantization=quantization)
    for operation in model.operations:
        if operation.keeps_float:
            continue
        if operation.code in KERNEL_AXIS:
            _quantise_weights(operation, model, tensors, kernel_means or {})
        else:
            _quantise_constants(operation, tensors)
    return replace(model, tensors=tuple(tensors))


# --- activations -----------------------------------------------------------------------------------------
def _activations(model: Model, ranges: dict[int, Range]) -> dict[int, Quantization]:
    leader = shared_scales(model, ranges)
    fixed = fixed_scales(model, leader)
    joined: dict[int, Range] = {}
    for index, (low, high) in ranges.items():
        others = joined.get(leader[index], (0.0, 0.0))  # zero must be exact: padding is made of it
        joined[leader[index]] = (min(low, others[0]), max(high, others[1]))
    return {index: fixed.get(leader[index]) or asymmetric(*joined[leader[index]]) for index in ranges}


# --- constants -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Sides:
    """Scales of what flows into and out of a convolution."""

    source: float
    output: float


def _quantise_weights(
    operation: ModelOperation, model: Model, tensors: list[ModelTensor], kernel_means: KernelMeans
) -> None:
    axis = KERNEL_AXIS[operation.code]
    source, kernel, bias = convolution_inputs(operation)
    weights, terms = model.tensors[kernel].data, model.tensors[bias].data
    if weights is None or terms is None:
        raise ValueError(f"{operation.code} without constant weights")
    sides = _Sides(*(_scale(tensors[index]) for index in (source, operation.outputs[0])))
    scales = _kernel_scales(weights, terms, axis, sides)
    products = scales.astype(np.float64) * sides.source
    zeros = np.zeros(len(scales), np.int64)
    rounded = quantise_kernel(weights, scales, axis)
    if kernel in kernel_means:
        difference = _restored(rounded, scales, axis) - weights
        terms = terms - bias_shift(operation.code, difference, kernel_means[kernel])
    tensors[kernel] = replace(
        tensors[kernel],
        dtype="int8",
        data=rounded,
        quantization=Quantization(scales, zeros, axis),
    )
    tensors[bias] = replace(
        tensors[bias],
        dtype="int32",
        data=np.rint(terms / products).astype(np.int32),
        quantization=Quantization(products.astype(np.float32), zeros),
    )


def convolution_inputs(operation: ModelOperation) -> tuple[int, int, int]:
    """Source, kernel and bias; a transposed convolution has the output's shape first and the source third."""
    if operation.code == "TRANSPOSE_CONV":
        _, kernel, source, bias = operation.inputs
    else:
        source, kernel, bias = operation.inputs
    return source, kernel, bias


def _kernel_scales(weights: Array, terms: Array, axis: int, sides: _Sides) -> Array:
    """As fine as the weights allow, but no finer than the bias fits int32 and the runtime's rescaling can tell."""
    floor = np.maximum(np.abs(terms) / (LARGEST_BIAS * sides.source), SMALLEST_RESCALING * sides.output / sides.source)
    return np.maximum(symmetric_scales(weights, axis), floor).astype(np.float32)


def _scale(tensor: ModelTensor) -> float:
    if tensor.quantization is None:
        raise ValueError(f"tensor '{tensor.name}' is not quantised")
    return float(tensor.quantization.scales[0])


def _quantise_constants(operation: ModelOperation, tensors: list[ModelTensor]) -> None:
    """The factors and terms of MUL, ADD and SUB, slopes; what is moved beside computed values has their scale."""
    for index in operation.inputs:
        tensor = tensors[index]
        if tensor.data is not None and tensor.dtype == "float32":
            quantization = asymmetric(min(0.0, float(tensor.data.min())), max(0.0, float(tensor.data.max())))
            if operation.code in MOVES_VALUES:
                quantization = tensors[operation.outputs[0]].quantization or quantization
            steps = np.rint(tensor.data / quantization.scales[0]) + quantization.zero_points[0]
            data = np.clip(steps, LOWEST, HIGHEST).astype(np.int8)
            tensors[index] = replace(tensor, dtype="int8", data=data, quantization=quantization)


# --- ends ------------------------------------------------------------------------------------------------
def with_ends(model: Model, input_dtype: str) -> Model:
    """QUANTIZE after each input, DEQUANTIZE before each output that is not a label map."""
    tensors, operations = list(model.tensors), list(model.operations)
    inputs, outputs = list(model.inputs), list(model.outputs)
    for position, index in enumerate(inputs):
        outside = ModelTensor(tensors[index].name, tensors[index].shape, input_dtype)
        if input_dtype == "uint8":
            outside = replace(outside, quantization=Quantization((1.0,), (0,)))
        tensors[index] = replace(tensors[index], name=f"{tensors[index].name}.int8")
        inputs[position] = len(tensors)
        operations.insert(position, ModelOperation("QUANTIZE", (len(tensors),), (index,), {}))
        tensors.append(outside)
    for position, index in enumerate(outputs):
        if tensors[index].dtype == "int8":
            outputs[position] = len(tensors)
            operations.append(ModelOperation("DEQUANTIZE", (index,), (len(tensors),), {}))
            tensors.append(
                replace(tensors[index], name=f"{tensors[index].name}.float32", dtype="float32", quantization=None)
            )
    return replace(
        model, tensors=tuple(tensors), operations=tuple(operations), inputs=tuple(inputs), outputs=tuple(outputs)
    )
