"""MobileNetV2's inverted residual: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1801.04381, Figure 4."""

from typing import Annotated

from archspec.blocks.units._pytorch import Conventions, conventions_of
from archspec.blocks.units.conv_bn import Activation, conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.graph import Range, Tensor, layers

INITIALIZER = "truncated_normal(0.09)"


def inverted_residual(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    expansion: Annotated[int, Range(ge=1)] = 6,
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Activation = "relu6",
    conventions: Conventions = "tensorflow",
    name: str,
) -> Tensor:
    """1×1 expansion (left out at 1), depthwise, linear 1×1 projection; added to its input where the shapes allow.

    `conventions: pytorch` pads symmetrically, and has the momentum, epsilon and initialiser of networks from there.
    """
    usual = conventions_of(conventions, INITIALIZER)
    y = x
    if expansion != 1:
        filters_inside = x.channels * expansion
        y = conv_bn(y, filters=filters_inside, kernel=1, activation=activation, **usual, name=f"{name}/expand")
    y = depthwise_bn(
        y,
        kernel=kernel,
        stride=stride,
        dilation_rate=dilation_rate,
        activation=activation,
        **usual,
        name=f"{name}/depthwise",
    )
    y = conv_bn(y, filters=filters, kernel=1, activation="none", **usual, name=f"{name}/project")
    if stride == 1 and filters == x.channels:
        y = layers.Add(name=f"{name}/add")([x, y])
    return y


EXAMPLES = [
    ((14, 14, 8), {"filters": 8}),
    ((15, 14, 8), {"filters": 16, "stride": 2}),
    ((14, 14, 8), {"filters": 8, "expansion": 1, "dilation_rate": 2}),
    ((14, 15, 8), {"filters": 16, "stride": 2, "kernel": 5, "activation": "relu", "conventions": "pytorch"}),
]
