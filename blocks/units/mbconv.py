"""Expansion, depthwise convolution, projection: (N, H, W, C) -> (N, H / stride, W / stride, filters)."""

from typing import Annotated, Literal

from archspec.blocks.units._pytorch import INITIALIZER, torch_conv_bn, torch_depthwise_bn
from archspec.blocks.units.conv_bn import Activation, activate
from archspec.graph import Range, Tensor, layers


def mbconv(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    expansion: Annotated[int, Range(ge=1)] = 4,
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    norms: Literal["all", "last"] = "all",
    activation: Activation = "hard_swish",
    name: str,
) -> Tensor:
    """An inverted residual whose first two convolutions have a batch norm each, or with `norms: last` a bias each
    (arXiv:2205.14756). At an expansion of 1 the first is left out. Added to its input where the shapes allow.
    """
    y = x
    inside = x.channels * expansion
    if norms == "all":
        if expansion != 1:
            y = torch_conv_bn(y, filters=inside, kernel=1, activation=activation, name=f"{name}/expand")
        y = torch_depthwise_bn(
            y,
            kernel=kernel,
            stride=stride,
            dilation_rate=dilation_rate,
            activation=activation,
            name=f"{name}/depthwise",
        )
    else:
        if expansion != 1:
            y = layers.Conv2D(inside, 1, kernel_initializer=INITIALIZER, name=f"{name}/expand/conv")(y)
            y = activate(y, activation, f"{name}/expand")
        y = layers.DepthwiseConv2D(
            kernel,
            strides=stride,
            padding="same",
            dilation_rate=dilation_rate,
            depthwise_initializer=INITIALIZER,
            name=f"{name}/depthwise/dw",
        )(y)
        y = activate(y, activation, f"{name}/depthwise")
    y = torch_conv_bn(y, filters=filters, kernel=1, activation="none", name=f"{name}/project")
    if stride == 1 and filters == x.channels:
        y = layers.Add(name=f"{name}/add")([x, y])
    return y


EXAMPLES = [
    ((14, 15, 8), {"filters": 8, "norms": "last", "dilation_rate": 2}),
    ((15, 14, 8), {"filters": 12, "stride": 2, "kernel": 5}),
    ((14, 15, 8), {"filters": 8, "expansion": 1, "activation": "relu6"}),
]
