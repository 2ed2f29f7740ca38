"""DDRNet's fusion into the low resolution: (N, h, w, c), (N, H, W, C) -> (N, h, w, c). arXiv:2101.06085, §III."""

from collections.abc import Sequence

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.errors import Problem
from archspec.graph import Tensor, layers


def fuse_down(x: Sequence[Tensor], *, name: str) -> Tensor:
    """`from: [low, high]`, both before their ReLU. `high` comes down by 3×3 convolutions of stride 2, each twice as
    wide as the one before; they are added, and ReLU follows.
    """
    low, high = x
    halvings = (low.stride // high.stride).bit_length() - 1
    if halvings < 1 or high.stride << halvings != low.stride:
        raise Problem(
            f"a branch at stride {high.stride} cannot come down to stride {low.stride} in halvings",
            "Use output_stride 16 or 32, so that the two branches differ",
        )
    y = layers.ReLU(name=f"{name}/relu_high")(high)
    for index in range(1, halvings + 1):
        last = index == halvings
        y = torch_conv_bn(
            y,
            filters=low.channels if last else high.channels << index,
            stride=2,
            activation="none" if last else "relu",
            name=f"{name}/down{index}",
        )
    return layers.ReLU(name=f"{name}/relu")(layers.Add(name=f"{name}/add")([low, y]))


EXAMPLES: list[tuple[tuple[tuple[int, ...], ...], dict[str, object]]] = [
    (((7, 8, 12), (14, 15, 8)), {}),
    (((4, 4, 12), (15, 16, 8)), {}),
]
