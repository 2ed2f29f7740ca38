"""Squeeze-enhanced axial attention: (N, H, W, C) -> (N, H, W, C). arXiv:2301.13156, §3.2; arXiv:2304.05152, §3.1."""

from archspec.blocks.units._attention import Count, attend
from archspec.blocks.units._pytorch import EPSILON, INITIALIZER, MOMENTUM, torch_conv_bn, torch_depthwise_bn
from archspec.graph import Tensor, layers

NORMAL = "truncated_normal(1.0)"  # of position embeddings


def axial_attention(
    x: Tensor,
    *,
    heads: Count = 8,
    key_channels: Count = 16,
    value_ratio: Count = 2,
    positions: Count = 16,
    halve: bool = False,
    name: str,
) -> Tensor:
    """SeaFormer's. Queries, keys and values by 1×1 convolutions with batch norm; their means over each row attend to
    each other, and those over each column. Both are added to the values, projected, and gate (hard sigmoid) a detail
    branch: all three concatenated, depthwise 3×3, 1×1. The input is added.

    A position embedding of `positions` places, resized linearly to the map, is added to queries and keys of each axis.
    `halve` is PP-MobileSeg's: a depthwise convolution of stride 2 in front, and bilinear resizing at the end.
    """
    source = _halved(x, f"{name}/halve") if halve else x
    keys = heads * key_channels
    q, k, v = (
        torch_conv_bn(source, filters=filters, kernel=1, activation="none", name=f"{name}/{letter}")
        for letter, filters in (("q", keys), ("k", keys), ("v", keys * value_ratio))
    )
    rows = _line((q, k, v), 2, heads, (positions, 1), f"{name}/rows")
    columns = _line((q, k, v), 1, heads, (1, positions), f"{name}/columns")
    y = layers.Add(name=f"{name}/lines")([rows, columns, v])
    y = layers.ReLU(max_value=6.0, name=f"{name}/relu6")(y)
    y = torch_conv_bn(y, filters=x.channels, kernel=1, activation="none", name=f"{name}/project")
    gate = layers.Activation("hard_sigmoid", name=f"{name}/gate")(y)

    detail = layers.Concatenate(name=f"{name}/detail/concat")([q, k, v])
    detail = torch_depthwise_bn(detail, activation="relu6", name=f"{name}/detail/depthwise")
    detail = torch_conv_bn(detail, filters=x.channels, kernel=1, activation="none", name=f"{name}/detail/project")
    y = layers.Multiply(name=f"{name}/gated")([detail, gate])
    if halve:
        y = layers.Resize(x.size, stride=x.stride, align_corners=False, name=f"{name}/resize")(y)
    return layers.Add(name=f"{name}/add")([x, y])


def _halved(x: Tensor, name: str) -> Tensor:
    """Depthwise 3×3 with stride 2, a bias and batch norm; no activation."""
    y = layers.ZeroPadding2D(1, name=f"{name}/pad")(x)
    y = layers.DepthwiseConv2D(3, strides=2, depthwise_initializer=INITIALIZER, name=f"{name}/dw")(y)
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(y)


def _line(maps: tuple[Tensor, ...], axis: int, heads: int, positions: tuple[int, int], name: str) -> Tensor:
    """Attention between the means over one axis of (queries, keys, values); ReLU6 and a 1×1 convolution behind it."""
    means = []
    for letter, one in zip("qkv", maps, strict=True):
        mean = layers.Mean(axis, name=f"{name}/{letter}/mean")(one)
        if letter != "v":
            mean = layers.PositionEmbedding(positions, NORMAL, name=f"{name}/{letter}/positions")(mean)
        means.append(mean)
    y = attend(*means, heads=heads, scale=True, name=f"{name}/attention")
    y = layers.ReLU(max_value=6.0, name=f"{name}/relu6")(y)
    return torch_conv_bn(y, filters=y.channels, kernel=1, activation="none", name=f"{name}/encode")


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((4, 5, 12), {"heads": 2, "key_channels": 4}),
    ((16, 3, 8), {"heads": 1, "key_channels": 4}),
    ((5, 6, 8), {"heads": 2, "key_channels": 3, "value_ratio": 1, "positions": 4, "halve": True}),
]
