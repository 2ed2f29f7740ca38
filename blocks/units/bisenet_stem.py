"""BiSeNetV2's stem: (N, H, W, C) -> (N, H / 4, W / 4, filters). arXiv:2004.02147, §4."""

from typing import Annotated, Literal

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Range, Tensor, layers


def bisenet_stem(
    x: Tensor, *, filters: Annotated[int, Range(ge=2, multiple_of=2)] = 16, stride: Literal[4] = 4, name: str
) -> Tensor:
    """A convolution of stride 2; beside each other a narrow one of stride 2 and max pooling; a convolution of both."""
    del stride  # it says what the block does, to whoever multiplies strides
    x = torch_conv_bn(x, filters=filters, stride=2, name=f"{name}/conv")
    left = torch_conv_bn(x, filters=filters // 2, kernel=1, name=f"{name}/left1")
    left = torch_conv_bn(left, filters=filters, stride=2, name=f"{name}/left2")
    right = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}/right")(x)
    x = layers.Concatenate(name=f"{name}/concat")([left, right])
    return torch_conv_bn(x, filters=filters, name=f"{name}/fuse")


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 34, 3), {"filters": 8})]
