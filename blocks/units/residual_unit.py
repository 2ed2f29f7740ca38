"""ResNet's unit of two 3×3 convolutions: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1512.03385."""

from typing import Annotated, Literal

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.blocks.units.conv_bn import activate
from archspec.graph import Range, Tensor, layers


def residual_unit(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Literal["relu", "none"] = "relu",
    activation_before: Literal["relu", "none"] = "none",
    name: str,
) -> Tensor:
    """The shortcut is a 1×1 convolution where stride or filters change. `activation` is what follows the addition,
    `activation_before` what the unit does to its input first, of which there may be other readers.
    """
    x = activate(x, activation_before, f"{name}/before")
    y = torch_conv_bn(x, filters=filters, stride=stride, dilation_rate=dilation_rate, name=f"{name}/conv1")
    y = torch_conv_bn(y, filters=filters, dilation_rate=dilation_rate, activation="none", name=f"{name}/conv2")
    y = layers.Add(name=f"{name}/add")([y, shortcut(x, filters, stride, nominal_stride, name)])
    return activate(y, activation, name)


def shortcut(x: Tensor, filters: int, stride: int, nominal_stride: int, name: str) -> Tensor:
    """The input itself, or a 1×1 convolution of it where the unit has a stride (dilated or not) or other filters."""
    if max(stride, nominal_stride) == 1 and filters == x.channels:
        return x
    return torch_conv_bn(x, filters=filters, kernel=1, stride=stride, activation="none", name=f"{name}/shortcut")


EXAMPLES = [
    ((14, 15, 8), {"filters": 8, "activation": "none"}),
    ((15, 14, 8), {"filters": 12, "stride": 2}),
    ((14, 14, 8), {"filters": 8, "dilation_rate": 2, "activation_before": "relu"}),
]
