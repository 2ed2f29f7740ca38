"""PIDNet's pixel-attention-guided fusion: (N, H, W, C), (N, h, w, C) -> (N, H, W, C). arXiv:2206.02066, §3.2."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


def pag(
    x: Sequence[Tensor],
    *,
    filters: Annotated[int, Range(ge=1)] | None = None,
    align_corners: bool = False,
    name: str,
) -> Tensor:
    """`from: [pixel, integral]`, of equal channels. `s · integral + (1 - s) · pixel`, with `s` the sigmoid of the inner
    product of their 1×1 convolutions to `filters` (half of the channels) at each position: where both look alike, the
    integral branch is taken, which knows more of the whole image.
    """
    pixel, integral = x
    if pixel.channels != integral.channels:
        raise Problem(
            f"the pixel branch has {pixel.channels} channels, the integral one {integral.channels}",
            "Bring the integral branch to those of the pixel branch by a 1×1 convolution first",
        )
    if integral.stride <= pixel.stride:
        raise Problem(
            f"both branches are at stride {pixel.stride}", "Use output_stride 16 or 32, so that the two branches differ"
        )
    width = filters or max(1, pixel.channels // 2)
    query = torch_conv_bn(integral, filters=width, kernel=1, activation="none", name=f"{name}/integral")
    query = _resized(query, pixel, align_corners, f"{name}/integral/resize")
    key = torch_conv_bn(pixel, filters=width, kernel=1, activation="none", name=f"{name}/pixel")
    alike = layers.Sum(-1, name=f"{name}/sum")(layers.Multiply(name=f"{name}/product")([key, query]))
    alike = layers.Activation("sigmoid", name=f"{name}/sigmoid")(alike)
    integral = _resized(integral, pixel, align_corners, f"{name}/resize")
    more = layers.Subtract(name=f"{name}/difference")([integral, pixel])
    return layers.Add(name=f"{name}/add")([pixel, layers.Multiply(name=f"{name}/gated")([more, alike])])


def _resized(x: Tensor, like: Tensor, align_corners: bool, name: str) -> Tensor:
    return layers.Resize(like.size, stride=like.stride, align_corners=align_corners, name=name)(x)


EXAMPLES = [(((14, 15, 8), (7, 8, 8)), {}), (((9, 10, 6), (3, 4, 6)), {"filters": 5, "align_corners": True})]
