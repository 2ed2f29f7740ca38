"""Bias correction: what rounding a kernel adds to the mean of each output channel is taken off its bias.

After Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction" (arXiv:1906.04721), section
4.2, with means that are measured: E[W̃x] - E[Wx] = (W̃ - W) E[x]. A convolution is linear, so the mean of its output over
images and positions follows from the mean input map, through its padding, strides and dilation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.export.model import Model, ModelOperation

KernelMeans = Mapping[int, Array]
"""By the number of a kernel's tensor: what its taps read on average, `(1, h, w, channels)`."""


def kernel_readers(model: Model) -> dict[int, ModelOperation]:
    """By the number of a kernel's tensor: the operator of a convolution or dense layer that reads it."""
    found = {}
    for operation in model.operations:
        if operation.code in READERS:
            found[operation.inputs[1]] = operation
    return found


def source_of(operation: ModelOperation) -> int:
    """The tensor that a convolution reads: the third of a transposed one, which has the output's shape first."""
    return operation.inputs[2] if operation.code == "TRANSPOSE_CONV" else operation.inputs[0]


def kernel_means(model: Model, means: Mapping[int, Array]) -> dict[int, Array]:
    """What the taps of each kernel read on average; `means` are mean maps `(1, H, W, C)` by tensor."""
    found = {}
    for kernel, operation in kernel_readers(model).items():
        source = source_of(operation)
        if source in means and model.tensors[kernel].data is not None:
            found[kernel] = READERS[operation.code](model, operation, means[source])
    return found


def bias_shift(code: str, difference: Array, means: Array) -> Array:
    """`(channels,)`: what a difference of kernels adds to the mean of each output channel; `means` as `KernelMeans`."""
    if code == "FULLY_CONNECTED":
        shift: Array = difference @ means.reshape(-1)
    elif code == "DEPTHWISE_CONV_2D":
        times = difference.shape[-1] // means.shape[-1]
        shift = (difference * np.repeat(means, times, axis=-1)).sum(axis=(0, 1, 2))
    else:
        shift = _grouped(difference, means)
    return shift


def _grouped(difference: Array, means: Array) -> Array:
    """A convolution `(outputs, h, w, inputs of a group)`: each group of outputs reads its own channels."""
    outputs, inputs = difference.shape[0], difference.shape[-1]
    groups = means.shape[-1] // inputs
    parts = difference.reshape(groups, outputs // groups, *difference.shape[1:])
    read = means[0].reshape(*means.shape[1:3], groups, inputs)
    shift: Array = np.einsum("gohwi,hwgi->go", parts, read).reshape(outputs)
    return shift


# --- what taps read --------------------------------------------------------------------------------------
def _dense(_model: Model, _operation: ModelOperation, mean: Array) -> Array:
    read: Array = mean.reshape(-1, mean.shape[-1]).mean(0).reshape(1, 1, 1, -1)
    return read


def _windows(model: Model, operation: ModelOperation, mean: Array) -> Array:
    """The mean over all output positions of what each tap reads; zeros outside the map count as what they are."""
    options: Any = operation.options
    _, kernel_h, kernel_w, _ = model.tensors[operation.inputs[1]].shape
    _, output_h, output_w, _ = model.tensors[operation.outputs[0]].shape
    same = options.get("padding", "SAME") == "SAME"
    down = _taps(mean.shape[1], output_h, kernel_h, options["stride_h"], options.get("dilation_h_factor", 1), same)
    along = _taps(mean.shape[2], output_w, kernel_w, options["stride_w"], options.get("dilation_w_factor", 1), same)
    read: Array = np.einsum("kh,hwc,lw->klc", down, mean[0], along, optimize=True)[None]
    return read


def _taps(size: int, outputs: int, kernel: int, stride: int, dilation: int, same: bool) -> Array:
    """`(kernel, size)`: the share of the output positions for which each tap reads each position of one axis."""
    reach = (kernel - 1) * dilation + 1
    before = max((outputs - 1) * stride + reach - size, 0) // 2 if same else 0
    shares = np.zeros((kernel, size))
    for tap in range(kernel):
        read = np.arange(outputs) * stride + tap * dilation - before
        read = read[(read >= 0) & (read < size)]
        shares[tap, read] = 1 / outputs
    return shares


def _transposed(model: Model, operation: ModelOperation, mean: Array) -> Array:
    """Each input position reaches every tap once; what falls outside the output is left out of no tap."""
    _, kernel_h, kernel_w, _ = model.tensors[operation.inputs[1]].shape
    positions = model.tensors[operation.outputs[0]].shape[1] * model.tensors[operation.outputs[0]].shape[2]
    total = mean[0].sum(axis=(0, 1)) / positions
    return np.broadcast_to(total, (1, kernel_h, kernel_w, len(total)))


READERS = {
    "CONV_2D": _windows,
    "DEPTHWISE_CONV_2D": _windows,
    "FULLY_CONNECTED": _dense,
    "TRANSPOSE_CONV": _transposed,
}
