"""Atrous separable convolution, batch norm and ReLU after both halves: (N, H, W, C) -> (N, H', W', filters)."""

from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.graph import Range, Tensor


def separable_conv_bn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    momentum: Annotated[float, Range(gt=0, lt=1)] = 0.9997,
    epsilon: Annotated[float, Range(gt=0)] = 1e-5,
    name: str,
) -> Tensor:
    """DeepLab's `split_separable_conv2d`: depthwise BN ReLU, then 1×1 BN ReLU."""
    x = depthwise_bn(
        x,
        kernel=kernel,
        stride=stride,
        dilation_rate=dilation_rate,
        activation="relu",
        momentum=momentum,
        epsilon=epsilon,
        initializer="truncated_normal(0.33)",
        name=f"{name}/depthwise",
    )
    return conv_bn(
        x,
        filters=filters,
        kernel=1,
        momentum=momentum,
        epsilon=epsilon,
        initializer="truncated_normal(0.06)",
        name=f"{name}/pointwise",
    )


EXAMPLES = [((14, 14, 8), {"filters": 12, "dilation_rate": (6, 21)}), ((15, 15, 8), {"filters": 12, "stride": 2})]
