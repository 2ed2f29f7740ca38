"""Multi-scale linear attention, added to its input: (N, H, W, C) -> (N, H, W, C). arXiv:2205.14756, §3.1."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import INITIALIZER, torch_conv_bn
from archspec.graph import Range, Tensor, in_float32, layers

EPSILON = 1e-15
ODD = Annotated[int, Range(ge=1)]


def linear_attention(
    x: Tensor, *, head_channels: Annotated[int, Range(ge=1)] = 16, scales: Sequence[ODD] = (5,), name: str
) -> Tensor:
    """Queries and keys go through a ReLU instead of the softmax of their product, so that keys and values can be
    multiplied first: costs grow with the number of places, not with its square.

    `C / head_channels` heads; of each scale as many again, whose queries, keys and values are of a window: a depthwise
    convolution of that size and a 1×1 convolution within each head. Quotients of sums stay float32 at int8.
    """
    heads = max(1, x.channels // head_channels)
    width = 3 * heads * head_channels
    mixed = layers.Conv2D(width, 1, use_bias=False, kernel_initializer=INITIALIZER, name=f"{name}/qkv")(x)
    all_scales = [mixed]
    for scale in scales:
        y = layers.DepthwiseConv2D(
            scale, padding="same", use_bias=False, depthwise_initializer=INITIALIZER, name=f"{name}/scale{scale}/dw"
        )(mixed)
        all_scales.append(
            layers.Conv2D(
                width,
                1,
                groups=3 * heads,
                use_bias=False,
                kernel_initializer=INITIALIZER,
                name=f"{name}/scale{scale}/conv",
            )(y)
        )
    joined = layers.Concatenate(name=f"{name}/scales")(all_scales)
    groups = heads * len(all_scales)
    y = layers.Reshape((-1, groups, 3 * head_channels), name=f"{name}/heads")(joined)
    y = layers.Permute((2, 1, 3), name=f"{name}/heads_first")(y)
    y = _attended(y, name)
    y = layers.Permute((2, 1, 3), name=f"{name}/places_first")(y)
    y = layers.Reshape((*x.size, groups * head_channels), name=f"{name}/map")(y)
    y = torch_conv_bn(y, filters=x.channels, kernel=1, activation="none", name=f"{name}/project")
    return layers.Add(name=f"{name}/add")([x, y])


def _attended(mixed: Tensor, name: str) -> Tensor:
    """`(heads, places, 3 d)` -> `(heads, places, d)`: q (kᵀ v) over q (Σ k)ᵀ."""
    with in_float32(mixed):
        query, key, value = layers.ChannelSplit(3, name=f"{name}/split")(mixed)
        query, key = layers.ReLU(name=f"{name}/query")(query), layers.ReLU(name=f"{name}/key")(key)
        products = layers.MatMul(transpose_a=True, name=f"{name}/key_value")([key, value])
        numerators = layers.MatMul(name=f"{name}/numerators")([query, products])
        sums = layers.Sum(2, name=f"{name}/key_sum")(key)
        divisors = layers.MatMul(transpose_b=True, name=f"{name}/divisors")([query, sums])
        return layers.Divide(EPSILON, name=f"{name}/quotient")([numerators, divisors])


EXAMPLES = [((6, 7, 16), {"head_channels": 8}), ((5, 6, 8), {"head_channels": 4, "scales": [3, 5]})]
