"""Deep or parallel aggregation pyramid pooling: (N, H, W, C) -> (N, H, W, filters). arXiv:2101.06085; 2206.02066."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import INITIALIZER
from archspec.blocks.units.batch_norm import batch_norm
from archspec.graph import Range, Tensor, layers

Pixels = Annotated[int, Range(ge=1)]


def dappm(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 128,
    branch_filters: Annotated[int, Range(ge=1)] = 128,
    pools: Sequence[tuple[Pixels, Pixels]] = ((5, 2), (9, 4), (17, 8)),
    parallel: bool = False,
    align_corners: bool = False,
    name: str,
) -> Tensor:
    """The features, their means over windows (size, stride) and the mean of all, from small to large: each is resized,
    added to the branch before and convolved; all are concatenated, compressed, and added to a shortcut.

    `parallel`, as in PIDNet: each is added to the features themselves, and one convolution, in as many groups, sees
    all. Every convolution has its batch norm and ReLU in front, and no bias.
    """
    first = branch = _conv(x, branch_filters, 1, f"{name}/scale0")
    branches, scales = [branch], []
    for index, pool in enumerate([*pools, None], start=1):
        y = _pooled(x, pool, f"{name}/scale{index}/pool")
        y = _conv(y, branch_filters, 1, f"{name}/scale{index}")
        y = layers.Resize(x.size, stride=x.stride, align_corners=align_corners, name=f"{name}/scale{index}/resize")(y)
        y = layers.Add(name=f"{name}/scale{index}/add")([y, branch])
        if parallel:
            scales.append(y)
            continue
        branch = _conv(y, branch_filters, 3, f"{name}/process{index}")
        branches.append(branch)
    if parallel:
        y = layers.Concatenate(name=f"{name}/scales")(scales)
        branches = [first, _conv(y, branch_filters * len(scales), 3, f"{name}/process", groups=len(scales))]
    y = _conv(layers.Concatenate(name=f"{name}/concat")(branches), filters, 1, f"{name}/compression")
    return layers.Add(name=f"{name}/add")([y, _conv(x, filters, 1, f"{name}/shortcut")])


def _pooled(x: Tensor, pool: tuple[int, int] | None, name: str) -> Tensor:
    if pool is None:
        return layers.GlobalAveragePooling2D(keepdims=True, name=name)(x)
    return layers.AveragePooling2D(pool[0], strides=pool[1], padding="same", name=name)(x)


def _conv(x: Tensor, filters: int, kernel: int, name: str, groups: int = 1) -> Tensor:
    x = batch_norm(x, name=f"{name}/before")
    return layers.Conv2D(
        filters,
        kernel,
        padding="same",
        groups=groups,
        use_bias=False,
        kernel_initializer=INITIALIZER,
        name=f"{name}/conv",
    )(x)


EXAMPLES = [
    ((16, 32, 8), {"filters": 12, "branch_filters": 6}),
    ((7, 9, 8), {"filters": 12, "branch_filters": 6, "pools": [(3, 2)], "align_corners": True}),
    ((9, 12, 8), {"filters": 12, "branch_filters": 6, "pools": [(3, 2), (5, 4)], "parallel": True}),
]
