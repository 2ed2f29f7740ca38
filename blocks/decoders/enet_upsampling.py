"""ENet's upsampling bottleneck: (N, h, w, C) -> (N, H, W, filters). arXiv:1606.02147, Figure 2b and §3."""

from collections.abc import Mapping
from typing import Annotated

from archspec.blocks.decoders.max_unpool import find_indices
from archspec.blocks.units.enet_bottleneck import EPSILON, MOMENTUM, expanded, normalised
from archspec.graph import Range, Tensor, layers


def enet_upsampling(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=4, multiple_of=4)],
    pooling: str,
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """Max unpooling by the indices of the step `pooling`, beside a 3×3 transposed convolution; ReLU, no PReLU."""
    indices = find_indices(pooling, taps)
    size = indices.node.inputs[0].size
    inside = filters // 4
    y = layers.Conv2D(inside, 1, use_bias=False, name=f"{name}/project/conv")(x)
    y = normalised(y, f"{name}/project", "relu")
    y = layers.Conv2DTranspose(inside, 3, strides=2, name=f"{name}/deconv")(y)
    y = normalised(cropped(y, size, f"{name}/crop"), f"{name}/deconv", "relu")
    y = expanded(y, filters, name)
    shortcut = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}/shortcut/conv")(x)
    shortcut = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/shortcut/bn")(shortcut)
    shortcut = layers.MaxUnpooling(size, name=f"{name}/unpool")([shortcut, indices])
    y = layers.Add(name=f"{name}/add")([shortcut, y])
    return layers.ReLU(name=f"{name}/relu")(y)


def cropped(x: Tensor, size: tuple[int, int], name: str) -> Tensor:
    """Without the last rows and columns that `size` does not have; untouched where it has them all."""
    below, right = x.size[0] - size[0], x.size[1] - size[1]
    return layers.Cropping2D(((0, below), (0, right)), name=name)(x) if below or right else x


EXAMPLES = [
    ({"x": (7, 8, 8, 4), "pooled": (14, 16, 4, 2)}, {"filters": 4, "pooling": "pooled"}),
    ({"x": (7, 8, 8, 4), "pooled": (13, 15, 4, 2)}, {"filters": 4, "pooling": "pooled"}),
]
