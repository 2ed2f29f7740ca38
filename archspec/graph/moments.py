"""How large the numbers in a network are: the mean and variance of each map over images and positions, roughly.

Batch-norm statistics drawn without regard to them would let the signal fade layer by layer: such a network
answers every image alike, out of its biases, and no comparison of two of them would show a wrong kernel.
The estimate takes weights as random and neighbours as independent, and reads means over channels.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any, NamedTuple

from archspec.arrays import Array, Weights
from archspec.graph.tensor import Node, Tensor

IMAGE_MEAN, IMAGE_VARIANCE = 127.5, 5400.0  # of even noise in 0..255
POOLED_SHARE = 0.1  # of the variance that outlives the mean of a whole map


class Moments(NamedTuple):
    """Mean and variance, one number for each channel `(C,)` or one for all."""

    mean: Any
    variance: Any


class Estimate:
    """Follows a graph in execution order, node by node, as its weights are made."""

    def __init__(self) -> None:
        self._of: dict[int, Moments] = {}

    def of(self, tensor: Tensor) -> Moments:
        """The moments of a tensor whose node has been followed."""
        return self._of[id(tensor)]

    def follow(self, node: Node, weights: Weights) -> None:
        """Work out the outputs of a node whose weights are drawn."""
        kind = type(node.layer).__name__
        found = RULES.get(kind, _level)(node, [self.of(tensor) for tensor in node.inputs], weights)
        self._of.update((id(tensor), found) for tensor in node.outputs)


def _level(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """Whatever moves values about: the mean over channels and inputs."""
    if not inputs:
        return Moments(IMAGE_MEAN, IMAGE_VARIANCE)
    flat = [_flat(moments) for moments in inputs]
    return Moments(sum(one.mean for one in flat) / len(flat), sum(one.variance for one in flat) / len(flat))


def _flat(moments: Moments) -> Moments:
    import numpy as np

    return Moments(float(np.mean(moments.mean)), float(np.mean(moments.variance)))


def _add(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    return Moments(sum(one.mean for one in inputs), sum(one.variance for one in inputs))


def _convolution(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    kernel = weights[f"{node.name}/kernel"].astype("float64")
    axes = (0, 1) if type(node.layer).__name__ == "DepthwiseConv2D" else (0, 1, 2)
    source = _flat(inputs[0])
    bias = weights.get(f"{node.name}/bias", 0.0)
    return Moments(
        kernel.sum(axes).reshape(-1) * source.mean + bias, (kernel**2).sum(axes).reshape(-1) * source.variance
    )


def _transposed(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    """As a convolution; an output position meets one part in stride² of the kernel."""
    kernel = weights[f"{node.name}/kernel"].astype("float64")
    sh, sw = node.layer.config["strides"]
    source, bias = _flat(inputs[0]), weights.get(f"{node.name}/bias", 0.0)
    mean, square = kernel.sum((0, 1, 3)) / (sh * sw), (kernel**2).sum((0, 1, 3)) / (sh * sw)
    return Moments(mean * source.mean + bias, square * source.variance)


def _unpooled(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """One number in four, the others zero."""
    source = _flat(inputs[0])
    return Moments(source.mean / 4, (source.variance + source.mean**2) / 4 - (source.mean / 4) ** 2)


def _padded(node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """Channels of zeros behind those there are."""
    share = node.inputs[0].channels / node.output.channels
    source = _flat(inputs[0])
    return Moments(source.mean * share, source.variance * share)


def _gate(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """A product of independent maps."""
    return reduce(_product, [_flat(one) for one in inputs])


def _product(first: Moments, second: Moments) -> Moments:
    (mean, variance), (gate, spread) = first, second
    return Moments(mean * gate, variance * spread + variance * gate**2 + spread * mean**2)


def _matrix_product(node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """Sums of as many products as a row has columns."""
    inner = node.layer.macs(node) // node.output.elements
    product = _product(_flat(inputs[0]), _flat(inputs[1]))
    return Moments(inner * product.mean, inner * product.variance)


def _dense(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    kernel, source = weights[f"{node.name}/kernel"].astype("float64"), _flat(inputs[0])
    bias = weights.get(f"{node.name}/bias", 0.0)
    return Moments(kernel.sum(0) * source.mean + bias, (kernel**2).sum(0) * source.variance)


def _subtract(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    return Moments(inputs[0].mean - inputs[1].mean, inputs[0].variance + inputs[1].variance)


def _quotient(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """By a divisor that is near its mean."""
    first, divisor = _flat(inputs[0]), _flat(inputs[1])
    scale = divisor.mean if abs(divisor.mean) > divisor.variance**0.5 else divisor.variance**0.5 + 1e-30
    return Moments(first.mean / scale, first.variance / scale**2)


def _average(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    count = len(inputs)
    return Moments(sum(one.mean for one in inputs) / count, sum(one.variance for one in inputs) / count**2)


def _sum(node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    count, source = node.inputs[0].elements / node.output.elements, _flat(inputs[0])
    return Moments(count * source.mean, count * source.variance)


def _mean(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    source = _flat(inputs[0])
    return Moments(source.mean, source.variance * POOLED_SHARE)


def _normalised(node: Node, _inputs: list[Moments], weights: Weights) -> Moments:
    """Mean 0 and variance 1, then what is learnt of the last axis."""
    scale, shift = (weights.get(f"{node.name}/{name}", start) for name, start in (("gamma", 1.0), ("beta", 0.0)))
    return _flat(Moments(shift, scale**2))


def _scaled(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    factor = weights[f"{node.name}/gamma"].astype("float64")
    return Moments(inputs[0].mean * factor, inputs[0].variance * factor**2)


def _shares(node: Node, _inputs: list[Moments], _weights: Weights) -> Moments:
    """Softmax: shares of 1."""
    share = 1 / node.output.shape[-1]
    return Moments(share, share**2)


def _batch_normalization(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    mean, variance = (weights[f"{node.name}/moving_{name}"].astype("float64") for name in ("mean", "variance"))
    scale = weights.get(f"{node.name}/gamma", 1.0) / (variance + node.layer.config["epsilon"]) ** 0.5
    shift = weights.get(f"{node.name}/beta", 0.0)
    return Moments((inputs[0].mean - mean) * scale + shift, inputs[0].variance * scale**2)


def _global_average(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    return Moments(inputs[0].mean, inputs[0].variance * POOLED_SHARE)


def _rescaling(node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    import numpy as np

    scale, offset = (np.asarray(node.layer.config[name]) for name in ("scale", "offset"))
    return Moments(inputs[0].mean * scale + offset, inputs[0].variance * scale**2)


def _relu(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    """What is left of a normal distribution above zero."""
    import numpy as np

    mean, deviation = np.broadcast_arrays(inputs[0].mean, np.sqrt(inputs[0].variance) + 1e-30)
    ratio = mean / deviation
    share: Array = 0.5 * (1 + np.vectorize(math.erf)(ratio / math.sqrt(2)))
    density = np.exp(-0.5 * ratio**2) / math.sqrt(2 * math.pi)
    above = mean * share + deviation * density
    squares = (mean**2 + deviation**2) * share + mean * deviation * density
    return Moments(above, np.maximum(squares - above**2, 0.0))


def _prelu(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    """What is above zero, and the mirror image of what is below by the slope."""
    slope = float(weights[f"{node.name}/alpha"].mean())
    above = _relu(node, inputs, weights)
    below = _relu(node, [Moments(-inputs[0].mean, inputs[0].variance)], weights)
    both = above.variance + slope**2 * below.variance + 2 * slope * above.mean * below.mean
    return Moments(above.mean - slope * below.mean, both)


def _activation(node: Node, inputs: list[Moments], weights: Weights) -> Moments:
    """A gate is near its middle; hard swish and its like are much as ReLU."""
    if node.layer.config["activation"] in LIKE_RELU:
        return _relu(node, inputs, weights)
    return Moments(0.0, 0.4) if node.layer.config["activation"] == "tanh" else Moments(0.5, 0.05)


def _unit_rows(node: Node, _inputs: list[Moments], _weights: Weights) -> Moments:
    """Even numbers over the length of a row, which is the root of a third of its numbers."""
    width = node.output.channels
    return Moments(0.5 / (width / 3) ** 0.5, (1 / 12) / (width / 3))


def _first(_node: Node, inputs: list[Moments], _weights: Weights) -> Moments:
    return inputs[0]


LIKE_RELU = {"elu", "gelu", "gelu_tanh", "hard_swish", "mish", "silu", "softplus"}
RULES = {
    "Activation": _activation,
    "Add": _add,
    "Average": _average,
    "Bases": _unit_rows,
    "BatchNormalization": _batch_normalization,
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "DepthwiseConv2D": _convolution,
    "Divide": _quotient,
    "GlobalAveragePooling2D": _global_average,
    "GroupNormalization": _normalised,
    "LayerNormalization": _normalised,
    "LayerScale": _scaled,
    "LeakyReLU": _relu,
    "MatMul": _matrix_product,
    "MaxUnpooling": _unpooled,
    "Mean": _mean,
    "Multiply": _gate,
    "PReLU": _prelu,
    "PadChannels": _padded,
    "PositionEmbedding": _first,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Softmax": _shares,
    "Subtract": _subtract,
    "Sum": _sum,
    "Unread": _first,
}
