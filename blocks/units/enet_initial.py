"""ENet's first block: (N, H, W, C) -> (N, ceil(H / 2), ceil(W / 2), filters). arXiv:1606.02147, Figure 2a."""

from typing import Annotated

from archspec.blocks.units.enet_bottleneck import EPSILON, MOMENTUM, prelu
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


def enet_initial(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 16,
    stride: Annotated[int, Range(ge=1)] = 2,
    name: str,
) -> Tensor:
    """A 3×3 convolution beside a max pooling of the image, together `filters` channels."""
    if filters <= x.channels:
        raise Problem(f"{filters} filters leave none for the convolution beside {x.channels} pooled channels")
    y = layers.Conv2D(filters - x.channels, 3, strides=stride, padding="same", name=f"{name}/conv")(x)
    pooled = layers.MaxPooling2D(2, strides=stride, padding="same", name=f"{name}/pool")(x)
    y = layers.Concatenate(name=f"{name}/concat")([y, pooled])
    y = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(y)
    return prelu(y, f"{name}/prelu")


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((16, 18, 3), {}), ((15, 17, 3), {"filters": 8})]
