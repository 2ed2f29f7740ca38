"""What attention over positions and attention along one axis share: heads, their products, and the settings."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

Count = Annotated[int, Range(ge=1)]


def attend(q: Tensor, k: Tensor, v: Tensor, *, heads: int, scale: bool, name: str) -> Tensor:
    """Every position of `q` looks at every one of `k` and takes from `v`, each head for itself.

    Three maps (H, W, channels) of one size to (H, W, channels of v). `scale` divides by the root of a head's channels.
    """
    height, width = q.size
    query, key, value = (_by_head(one, heads, f"{name}/{letter}") for one, letter in ((q, "q"), (k, "k"), (v, "v")))
    weights = layers.MatMul(transpose_b=True, name=f"{name}/similarity")([query, key])
    if scale:
        weights = layers.Rescaling((q.channels // heads) ** -0.5, name=f"{name}/scale")(weights)
    weights = layers.Softmax(name=f"{name}/weights")(weights)
    y = layers.MatMul(name=f"{name}/taken")([weights, value])
    y = layers.Permute((2, 1, 3), name=f"{name}/together")(y)
    return layers.Reshape((height, width, v.channels), name=f"{name}/map")(y)


def _by_head(x: Tensor, heads: int, name: str) -> Tensor:
    """(H, W, C) -> (heads, H · W, C / heads)."""
    height, width, channels = x.shape
    y = layers.Reshape((height * width, heads, channels // heads), name=f"{name}/heads")(x)
    return layers.Permute((2, 1, 3), name=f"{name}/by_head")(y)
