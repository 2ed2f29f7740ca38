"""Attention of depthwise strips and a convolutional MLP: (N, H, W, C) -> (N, H, W, C). arXiv:2209.08575."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import EPSILON, INITIALIZER, MOMENTUM
from archspec.graph import Range, Tensor, layers

Length = Annotated[int, Range(ge=1)]


def mscan_block(
    x: Tensor,
    *,
    expansion: Annotated[int, Range(ge=1)] = 4,
    dilation_rate: int | tuple[int, int] = 1,
    kernel: Length = 5,
    strips: Sequence[Length] = (7, 11, 21),
    initial_scale: Annotated[float, Range(gt=0)] = 1e-2,
    name: str,
) -> Tensor:
    """Both halves have a batch norm in front and a learnt scale behind, and are added to what they read.

    The attention multiplies a map with one of itself: a depthwise convolution, the sum of it and of strips of it (one
    row, then one column, of each length), and a 1×1 convolution. All convolutions have biases.
    """
    y = _norm(x, f"{name}/attention")
    inside = layers.Activation("gelu", name=f"{name}/attention/gelu")(_conv(y, x.channels, f"{name}/attention/enter"))
    gate = _depthwise(inside, (kernel, kernel), dilation_rate, f"{name}/attention/near")
    parts = [gate]
    for length in strips:
        row = _depthwise(gate, (1, length), dilation_rate, f"{name}/attention/strip{length}/row")
        parts.append(_depthwise(row, (length, 1), dilation_rate, f"{name}/attention/strip{length}/column"))
    gate = _conv(layers.Add(name=f"{name}/attention/sum")(parts), x.channels, f"{name}/attention/mixed")
    attended = layers.Multiply(name=f"{name}/attention/gated")([gate, inside])
    attended = layers.Add(name=f"{name}/attention/kept")([_conv(attended, x.channels, f"{name}/attention/leave"), y])
    x = _added(x, attended, initial_scale, f"{name}/attention")
    y = _conv(_norm(x, f"{name}/mlp"), x.channels * expansion, f"{name}/mlp/expand")
    y = layers.Activation("gelu", name=f"{name}/mlp/gelu")(_depthwise(y, (3, 3), dilation_rate, f"{name}/mlp/near"))
    return _added(x, _conv(y, x.channels, f"{name}/mlp/project"), initial_scale, f"{name}/mlp")


def _norm(x: Tensor, name: str) -> Tensor:
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)


def _conv(x: Tensor, filters: int, name: str) -> Tensor:
    return layers.Conv2D(filters, 1, kernel_initializer=INITIALIZER, name=name)(x)


def _depthwise(x: Tensor, kernel: tuple[int, int], rate: int | tuple[int, int], name: str) -> Tensor:
    return layers.DepthwiseConv2D(
        kernel, padding="same", dilation_rate=rate, depthwise_initializer=INITIALIZER, name=name
    )(x)


def _added(x: Tensor, y: Tensor, initial_scale: float, name: str) -> Tensor:
    y = layers.LayerScale(initial_scale, name=f"{name}/scale")(y)
    return layers.Add(name=f"{name}/add")([x, y])


EXAMPLES = [((9, 10, 4), {"expansion": 2}), ((7, 6, 4), {"strips": [3], "kernel": 3, "dilation_rate": 2})]
