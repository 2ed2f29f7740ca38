"""Atrous spatial pyramid pooling: (N, H, W, C) -> (N, H, W, filters). arXiv:1706.05587, §3.3; arXiv:1802.02611."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.separable_conv_bn import separable_conv_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

MOMENTUM, EPSILON = 0.9997, 1e-5
RATE_STRIDE = 16  # the output stride that rates are meant for
Rate = Annotated[int, Range(ge=1)]

_conv_bn = partial(conv_bn, momentum=MOMENTUM, epsilon=EPSILON)


def aspp(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 256,
    rates: Sequence[Rate | tuple[Rate, Rate]] = (6, 12, 18),
    separable: bool = True,
    image_pooling: bool = True,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.1,
    name: str,
) -> Tensor:
    """Image pooling, a 1×1 convolution and a 3×3 one a rate, concatenated in that order, projected, dropped out.

    3×3 convolutions are separable as in DeepLabV3+, or full as in DeepLabV3. Rates, one number or one for each axis,
    are meant for output stride 16: they double at 8 and halve at 32. Without rates it is the head `basic`.
    """
    branches = []
    if image_pooling:
        pooled = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/image_pooling/mean")(x)
        pooled = _conv_bn(pooled, filters=filters, kernel=1, name=f"{name}/image_pooling")
        branches.append(layers.Resize(x.size, stride=x.stride, name=f"{name}/image_pooling/resize")(pooled))
    branches.append(_conv_bn(x, filters=filters, kernel=1, name=f"{name}/aspp0"))
    atrous = separable_conv_bn if separable else _conv_bn
    for index, rate in enumerate(rates, start=1):
        high, wide = (rate, rate) if isinstance(rate, int) else rate
        dilation_rate = _scaled(high, x.stride), _scaled(wide, x.stride)
        branches.append(atrous(x, filters=filters, kernel=3, dilation_rate=dilation_rate, name=f"{name}/aspp{index}"))
    y = branches[0] if len(branches) == 1 else layers.Concatenate(name=f"{name}/concat")(branches)
    y = _conv_bn(y, filters=filters, kernel=1, name=f"{name}/concat_projection")
    return layers.Dropout(dropout, name=f"{name}/dropout")(y) if dropout else y


def _scaled(rate: int, stride: int) -> int:
    if rate * RATE_STRIDE % stride:
        raise Problem(
            f"a rate of {rate} at output stride {RATE_STRIDE} is no whole number at {stride}",
            "Give rates that halve, such as [6, 12, 18]",
        )
    return rate * RATE_STRIDE // stride


EXAMPLES = [
    ((14, 15, 8), {"filters": 12}),
    ((14, 15, 8), {"filters": 12, "rates": [1, (2, 3)], "separable": False, "dropout": 0.0}),
    ((14, 15, 8), {"filters": 12, "rates": [], "image_pooling": False}),
]
