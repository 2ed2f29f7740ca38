"""Attention of every position to every other: (N, H, W, C) -> (N, H, W, C). arXiv:2204.05525, §3.2."""

from archspec.blocks.units._attention import Count, attend
from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Tensor, layers


def conv_attention(
    x: Tensor, *, heads: Count = 8, key_channels: Count = 16, value_ratio: Count = 2, scale: bool = False, name: str
) -> Tensor:
    """TopFormer's. Queries, keys and values by 1×1 convolutions with batch norm; a head has `key_channels` of the
    first two and `value_ratio` times as many values. ReLU6, 1×1 back, and the input added.

    Similarities are not divided by the root of `key_channels`, as in the published code; `scale` does.
    """
    keys = heads * key_channels
    q, k, v = (
        torch_conv_bn(x, filters=filters, kernel=1, activation="none", name=f"{name}/{letter}")
        for letter, filters in (("q", keys), ("k", keys), ("v", keys * value_ratio))
    )
    y = attend(q, k, v, heads=heads, scale=scale, name=f"{name}/attention")
    y = layers.ReLU(max_value=6.0, name=f"{name}/relu6")(y)
    y = torch_conv_bn(y, filters=x.channels, kernel=1, activation="none", name=f"{name}/project")
    return layers.Add(name=f"{name}/add")([x, y])


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((4, 5, 12), {"heads": 2, "key_channels": 4}),
    ((3, 4, 8), {"heads": 1, "key_channels": 3, "value_ratio": 1, "scale": True}),
]
