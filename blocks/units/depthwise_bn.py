"""Depthwise convolution and batch norm: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), C)."""

from typing import Annotated

from archspec.blocks.units.conv_bn import Activation, activate
from archspec.graph import Range, Tensor, layers


def depthwise_bn(
    x: Tensor,
    *,
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Activation = "none",
    momentum: Annotated[float, Range(gt=0, lt=1)] = 0.997,
    epsilon: Annotated[float, Range(gt=0)] = 1e-3,
    initializer: str = "glorot_uniform",
    name: str,
) -> Tensor:
    """No activation unless asked for, as in ShuffleNet's units."""
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        dilation_rate=dilation_rate,
        use_bias=False,
        depthwise_initializer=initializer,
        name=f"{name}/dw",
    )(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=f"{name}/bn")(x)
    return activate(x, activation, name)


EXAMPLES = [
    ((33, 33, 8), {"dilation_rate": 2}),
    ((14, 14, 8), {"dilation_rate": (18, 15), "activation": "relu"}),
    ((15, 33, 8), {"stride": 2, "kernel": 5}),
]
