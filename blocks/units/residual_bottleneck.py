"""ResNet's bottleneck, 1×1, 3×3, 1×1: (N, H, W, C) -> (N, H / stride, W / stride, filters · expansion)."""

from typing import Annotated, Literal

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.blocks.units.conv_bn import activate
from archspec.blocks.units.residual_unit import shortcut
from archspec.graph import Range, Tensor, layers


def residual_bottleneck(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    expansion: Annotated[int, Range(ge=1)] = 4,
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Literal["relu", "none"] = "relu",
    activation_before: Literal["relu", "none"] = "none",
    name: str,
) -> Tensor:
    """arXiv:1512.03385, the stride in the 3×3 convolution; DDRNet's has expansion 2 and nothing after the addition.

    `activation_before` is what it does to its input first, of which there may be other readers.
    """
    x = activate(x, activation_before, f"{name}/before")
    y = torch_conv_bn(x, filters=filters, kernel=1, name=f"{name}/conv1")
    y = torch_conv_bn(y, filters=filters, stride=stride, dilation_rate=dilation_rate, name=f"{name}/conv2")
    y = torch_conv_bn(y, filters=filters * expansion, kernel=1, activation="none", name=f"{name}/conv3")
    y = layers.Add(name=f"{name}/add")([y, shortcut(x, filters * expansion, stride, nominal_stride, name)])
    return activate(y, activation, name)


EXAMPLES = [
    ((14, 15, 8), {"filters": 4, "expansion": 2, "activation": "none"}),
    ((15, 14, 8), {"filters": 4, "stride": 2}),
    ((14, 14, 8), {"filters": 4, "dilation_rate": (2, 3), "activation_before": "relu"}),
]
