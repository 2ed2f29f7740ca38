"""PIDNet's light boundary-attention-guided fusion: three maps -> (N, H, W, filters). arXiv:2206.02066, §3.4."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Range, Tensor, layers


def light_bag(
    x: Sequence[Tensor],
    *,
    filters: Annotated[int, Range(ge=1)] | None = None,
    align_corners: bool = False,
    name: str,
) -> Tensor:
    """`from: [pixel, integral, boundary]`, of equal channels; the integral branch is resized to the pixel branch. With
    `e` the sigmoid of the boundary branch: 1×1 convolutions of `pixel + (1 - e) · integral` and of `integral + e ·
    pixel`, to as many channels if not said, are added.
    """
    pixel, integral, boundary = x
    width = filters or pixel.channels
    if integral.size != pixel.size:
        integral = layers.Resize(pixel.size, stride=pixel.stride, align_corners=align_corners, name=f"{name}/resize")(
            integral
        )
    edge = layers.Activation("sigmoid", name=f"{name}/sigmoid")(boundary)
    inside = layers.Multiply(name=f"{name}/integral/at_edges")([integral, edge])
    inside = layers.Subtract(name=f"{name}/integral/inside")([integral, inside])
    inside = layers.Add(name=f"{name}/pixel/add")([inside, pixel])
    edges = layers.Multiply(name=f"{name}/pixel/at_edges")([pixel, edge])
    edges = layers.Add(name=f"{name}/integral/add")([integral, edges])
    return layers.Add(name=f"{name}/add")(
        [
            torch_conv_bn(inside, filters=width, kernel=1, activation="none", name=f"{name}/pixel"),
            torch_conv_bn(edges, filters=width, kernel=1, activation="none", name=f"{name}/integral"),
        ]
    )


EXAMPLES = [
    (((14, 15, 8), (7, 8, 8), (14, 15, 8)), {}),
    (((9, 10, 6), (9, 10, 6), (9, 10, 6)), {"filters": 5, "align_corners": True}),
]
