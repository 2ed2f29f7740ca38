"""Pyramid pooling: (N, H, W, C) -> (N, H, W, filters). arXiv:1612.01105, Figure 3."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.graph import Range, Tensor, layers

Bins = Annotated[int, Range(ge=1)]


def pyramid_pooling(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    branch_filters: Annotated[int, Range(ge=1)] | None = None,
    bins: Sequence[Bins] = (1, 2, 3, 6),
    align_corners: bool = True,
    name: str,
) -> Tensor:
    """Means over `bins × bins` windows, each convolved (1×1, to C / len(bins) channels unless said) and resized back;
    concatenated after the features, and a 1×1 convolution of all.

    Windows are equal. PyTorch's adaptive pooling has unequal ones where the size is no multiple of the bins.
    """
    each = max(1, x.channels // max(1, len(bins))) if branch_filters is None else branch_filters
    branches = [x]
    for count in bins:
        y = _pooled(x, count, f"{name}/bins{count}/pool")
        y = conv_bn(y, filters=each, kernel=1, name=f"{name}/bins{count}")
        branches.append(
            layers.Resize(x.size, stride=x.stride, align_corners=align_corners, name=f"{name}/bins{count}/resize")(y)
        )
    y = layers.Concatenate(name=f"{name}/concat")(branches) if len(branches) > 1 else x
    return conv_bn(y, filters=filters, kernel=1, name=f"{name}/project")


def _pooled(x: Tensor, bins: int, name: str) -> Tensor:
    """`bins × bins` means, or as many as the map has pixels, that together see the whole map."""
    if bins == 1:
        return layers.GlobalAveragePooling2D(keepdims=True, name=name)(x)
    counts = [min(bins, size) for size in x.size]
    strides = tuple(size // count for size, count in zip(x.size, counts, strict=True))
    window = tuple(size - (count - 1) * stride for size, count, stride in zip(x.size, counts, strides, strict=True))
    return layers.AveragePooling2D(window, strides=strides, padding="valid", name=name)(x)


EXAMPLES = [((12, 18, 8), {"filters": 12}), ((5, 7, 8), {"filters": 12, "bins": [2, 6], "branch_filters": 3})]
