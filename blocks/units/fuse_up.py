"""DDRNet's fusion into the high resolution: (N, H, W, C), (N, h, w, c) -> (N, H, W, C). arXiv:2101.06085, §III."""

from collections.abc import Sequence

from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Tensor, layers


def fuse_up(x: Sequence[Tensor], *, align_corners: bool = False, name: str) -> Tensor:
    """`from: [high, low]`, both before their ReLU. `low` is compressed to the channels of `high` by 1×1, resized and
    added, and ReLU follows.
    """
    high, low = x
    y = layers.ReLU(name=f"{name}/relu_low")(low)
    y = torch_conv_bn(y, filters=high.channels, kernel=1, activation="none", name=f"{name}/compress")
    y = layers.Resize(high.size, stride=high.stride, align_corners=align_corners, name=f"{name}/resize")(y)
    return layers.ReLU(name=f"{name}/relu")(layers.Add(name=f"{name}/add")([high, y]))


EXAMPLES = [(((14, 15, 8), (7, 8, 12)), {}), (((14, 15, 8), (4, 4, 12)), {"align_corners": True})]
