"""Fast-SCNN's feature fusion: (N, H, W, C), (N, h, w, c) -> (N, H, W, filters). arXiv:1902.04502, Table 3."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.graph import Range, Tensor, layers


def feature_fusion(
    x: Sequence[Tensor], *, filters: Annotated[int, Range(ge=1)], align_corners: bool = True, name: str
) -> Tensor:
    """`from: [high, low]`: `low` resized to `high`, depthwise 3×3 with ReLU and a linear 1×1; added to a linear 1×1 of
    `high`; then ReLU. The depthwise convolution is not dilated: the map has been brought to the finer grid.
    """
    high, low = x
    y = layers.Resize(high.size, stride=high.stride, align_corners=align_corners, name=f"{name}/resize")(low)
    y = depthwise_bn(y, activation="relu", name=f"{name}/depthwise")
    y = conv_bn(y, filters=filters, kernel=1, activation="none", name=f"{name}/low")
    high = conv_bn(high, filters=filters, kernel=1, activation="none", name=f"{name}/high")
    return layers.ReLU(name=f"{name}/relu")(layers.Add(name=f"{name}/add")([high, y]))


EXAMPLES = [
    (((14, 15, 8), (4, 4, 12)), {"filters": 10}),
    (((9, 9, 8), (5, 5, 8)), {"filters": 8, "align_corners": False}),
]
