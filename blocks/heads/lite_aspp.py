"""The head of Lite R-ASPP: 1×1 features times a gate of the pooled map: (N, H, W, C) -> (N, H, W, filters).
arXiv:1905.02244, Figure 10."""

from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.graph import Range, Tensor, layers


def lite_aspp(x: Tensor, *, filters: Annotated[int, Range(ge=1)] = 128, name: str) -> Tensor:
    """The context of a whole map for the price of one 1×1 convolution. The decoder `lraspp` has it, and adds the
    scores of a finer map; here any neck or decoder may follow, on any backbone.
    """
    y = conv_bn(x, filters=filters, kernel=1, name=f"{name}/features")
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/gate/mean")(x)
    gate = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}/gate/conv")(gate)
    gate = layers.Activation("sigmoid", name=f"{name}/gate/sigmoid")(gate)
    return layers.Multiply(name=f"{name}/scale")([y, gate])


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {"filters": 12}), ((7, 8, 8), {})]
