"""dynamic: int8 kernels of plain convolutions; the runtime quantises what flows in as it comes.

Only CONV_2D: the hybrid depthwise operator leaves XNNPACK and makes a network of them up to twice as slow,
and grouped convolutions have no hybrid operator there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archspec.arrays import Array
from archspec.export.model import Model, Quantization

LARGEST = 127  # symmetric: -128 is not used, as the quantisation specification asks
KERNEL_AXIS = 0  # of the output channels in a CONV_2D kernel


def to_dynamic(model: Model) -> Model:
    """Every ungrouped CONV_2D kernel as int8, one scale an output channel; all else stays float32."""
    tensors = list(model.tensors)
    for operation in model.operations:
        if operation.code != "CONV_2D":
            continue
        source, kernel = (model.tensors[index] for index in operation.inputs[:2])
        if kernel.data is not None and source.shape[-1] == kernel.shape[-1]:
            scales = symmetric_scales(kernel.data, KERNEL_AXIS)
            tensors[operation.inputs[1]] = replace(
                kernel,
                dtype="int8",
                data=quantise_kernel(kernel.data, scales, KERNEL_AXIS),
                quantization=Quantization(scales, np.zeros(len(scales), np.int64), KERNEL_AXIS),
            )
    return replace(model, tensors=tuple(tensors))


def symmetric_scales(kernel: Array, axis: int) -> Array:
    """`(channels,)` float32: the largest weight of each channel becomes ±127. A channel of zeros gets scale 1."""
    others = tuple(index for index in range(kernel.ndim) if index != axis)
    largest = np.abs(kernel).max(axis=others)
    return np.where(largest > 0, largest / LARGEST, 1.0).astype(np.float32)


def quantise_kernel(kernel: Array, scales: Array, axis: int) -> Array:
    """The kernel as int8, rounded to nearest."""
    shape = [1] * kernel.ndim
    shape[axis] = -1
    return np.clip(np.rint(kernel / scales.reshape(shape)), -LARGEST, LARGEST).astype(np.int8)
