"""Convolution without padding, bias, batch norm, activation: (N, H, W, C) -> (N, (H - kernel) // stride + 1, …)."""

from typing import Annotated

from archspec.blocks.units._biased import EPSILON, MOMENTUM
from archspec.blocks.units.conv_bn import Activation, activate
from archspec.graph import Range, Tensor, layers


def valid_conv_bn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    activation: Activation = "relu",
    name: str,
) -> Tensor:
    """Windows that lie wholly inside the map; never dilated, since its size would change."""
    x = layers.Conv2D(filters, kernel, strides=stride, padding="valid", name=f"{name}/conv")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)
    return activate(x, activation, name)


EXAMPLES = [
    ((33, 32, 3), {"filters": 12, "stride": 2}),
    ((9, 9, 8), {"filters": 6, "kernel": 2, "activation": "none"}),
]
