"""BiSeNetV2's gather-and-expand layer: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:2004.02147, §4."""

from typing import Annotated

from archspec.blocks.units._pytorch import torch_conv_bn, torch_depthwise_bn
from archspec.graph import Range, Tensor, layers


def gather_expand(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    expansion: Annotated[int, Range(ge=1)] = 6,
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    name: str,
) -> Tensor:
    """A 3×3 convolution, a depthwise one that makes `expansion` channels of each, a linear 1×1 projection; added to
    the input, or, in a unit with a stride or with other filters, to a separable convolution of it; then ReLU.

    A unit with a stride has a second depthwise convolution. All are dilated by `dilation_rate`.
    """
    y = torch_conv_bn(x, filters=x.channels, dilation_rate=dilation_rate, name=f"{name}/gather")
    if max(stride, nominal_stride) == 1 and filters == x.channels:
        shortcut = x
        y = torch_depthwise_bn(
            y, depth_multiplier=expansion, dilation_rate=dilation_rate, activation="relu", name=f"{name}/expand"
        )
    else:
        shortcut = torch_depthwise_bn(x, stride=stride, dilation_rate=dilation_rate, name=f"{name}/shortcut/depthwise")
        shortcut = torch_conv_bn(
            shortcut, filters=filters, kernel=1, activation="none", name=f"{name}/shortcut/pointwise"
        )
        y = torch_depthwise_bn(
            y, depth_multiplier=expansion, stride=stride, dilation_rate=dilation_rate, name=f"{name}/expand"
        )
        y = torch_depthwise_bn(y, dilation_rate=dilation_rate, activation="relu", name=f"{name}/depthwise")
    y = torch_conv_bn(y, filters=filters, kernel=1, activation="none", name=f"{name}/project")
    return layers.ReLU(name=f"{name}/relu")(layers.Add(name=f"{name}/add")([y, shortcut]))


EXAMPLES = [
    ((14, 15, 8), {"filters": 8}),
    ((15, 14, 4), {"filters": 12, "expansion": 3, "stride": 2}),
    ((14, 14, 4), {"filters": 4, "dilation_rate": 2}),
]
