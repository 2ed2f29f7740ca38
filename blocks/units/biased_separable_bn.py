"""MobileNetV1's unit, biased: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), filters). arXiv:1704.04861."""

from typing import Annotated

from archspec.blocks.units._biased import biased_conv_bn, biased_depthwise_bn
from archspec.blocks.units.conv_bn import Activation
from archspec.graph import Range, Tensor


def biased_separable_bn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Activation = "relu6",
    name: str,
) -> Tensor:
    """3×3 depthwise, then 1×1; both with a bias, batch norm and the activation, as in RTSeg's published code."""
    x = biased_depthwise_bn(
        x, stride=stride, dilation_rate=dilation_rate, activation=activation, name=f"{name}/depthwise"
    )
    return biased_conv_bn(x, filters=filters, kernel=1, activation=activation, name=f"{name}/pointwise")


EXAMPLES = [
    ((15, 14, 8), {"filters": 12, "stride": 2}),
    ((14, 14, 8), {"filters": 12, "dilation_rate": 2, "activation": "relu"}),
]
