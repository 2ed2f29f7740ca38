"""Depthwise convolution and batch norm: (N, H, W, C) -> (N, ⌈H / stride⌉, ⌈W / stride⌉, C · depth_multiplier)."""

from typing import Annotated

from archspec.blocks.units.conv_bn import Activation, Padding, activate, padded
from archspec.graph import Range, Tensor, layers


def depthwise_bn(
    x: Tensor,
    *,
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    depth_multiplier: Annotated[int, Range(ge=1)] = 1,
    padding: Padding = "same",
    activation: Activation = "none",
    momentum: Annotated[float, Range(gt=0, lt=1)] = 0.997,
    epsilon: Annotated[float, Range(gt=0)] = 1e-3,
    initializer: str = "glorot_uniform",
    name: str,
) -> Tensor:
    """No activation unless asked for, as in ShuffleNet's units."""
    x, padding_mode = padded(x, kernel, stride, padding, name)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding=padding_mode,
        depth_multiplier=depth_multiplier,
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
    ((14, 33, 8), {"stride": 2, "padding": "symmetric"}),
    ((9, 14, 4), {"depth_multiplier": 3, "activation": "hard_swish"}),
]
