"""A transformer's feed-forward part by convolutions: (N, H, W, C) -> (N, H, W, C). arXiv:2204.05525, §3.2."""

from archspec.blocks.units._attention import Count
from archspec.blocks.units._pytorch import INITIALIZER, torch_conv_bn
from archspec.graph import Tensor, layers


def conv_feed_forward(x: Tensor, *, expansion: Count = 2, name: str) -> Tensor:
    """1×1 to `expansion` times the channels, depthwise 3×3 with a bias and without batch norm, ReLU6, 1×1 back, and
    the input added. Both 1×1 convolutions have batch norm.
    """
    y = torch_conv_bn(x, filters=expansion * x.channels, kernel=1, activation="none", name=f"{name}/expand")
    y = layers.DepthwiseConv2D(3, padding="same", depthwise_initializer=INITIALIZER, name=f"{name}/depthwise")(y)
    y = layers.ReLU(max_value=6.0, name=f"{name}/relu6")(y)
    y = torch_conv_bn(y, filters=x.channels, kernel=1, activation="none", name=f"{name}/project")
    return layers.Add(name=f"{name}/add")([x, y])


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((4, 5, 8), {}), ((5, 3, 6), {"expansion": 4})]
