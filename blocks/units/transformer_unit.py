"""A transformer's layer on a map, global or axial attention: (N, H, W, C) -> (N, H, W, C). arXiv:2204.05525, §3.2."""

from typing import Literal

from archspec.blocks.units._attention import Count
from archspec.blocks.units.axial_attention import axial_attention
from archspec.blocks.units.conv_attention import conv_attention
from archspec.blocks.units.conv_feed_forward import conv_feed_forward
from archspec.errors import Problem
from archspec.graph import Tensor


def transformer_unit(
    x: Tensor,
    *,
    attention: Literal["global", "axial"] = "global",
    heads: Count = 8,
    key_channels: Count = 16,
    value_ratio: Count = 2,
    expansion: Count = 2,
    halve: bool = False,
    name: str,
) -> Tensor:
    """Attention, then feed-forward, each added to its input: TopFormer's with `global`, SeaFormer's with `axial`,
    PP-MobileSeg's with `halve` besides, which attends on a map of half the size.
    """
    inside = f"{name}/attention"
    if halve and attention != "axial":
        raise Problem("global attention is not halved", "Write attention: axial, or leave halve out")
    if attention == "axial":
        x = axial_attention(
            x, heads=heads, key_channels=key_channels, value_ratio=value_ratio, halve=halve, name=inside
        )
    else:
        x = conv_attention(x, heads=heads, key_channels=key_channels, value_ratio=value_ratio, name=inside)
    return conv_feed_forward(x, expansion=expansion, name=f"{name}/feed_forward")


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((4, 5, 8), {"heads": 2, "key_channels": 4}),
    ((5, 4, 8), {"attention": "axial", "heads": 2, "key_channels": 4, "expansion": 4, "halve": True}),
]
