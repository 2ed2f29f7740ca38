"""SeaFormer's fusion of details with context: (N, H, W, C), (N, h, w, c) -> (N, H, W, filters). arXiv:2301.13156."""

from collections.abc import Sequence

from archspec.blocks.units._attention import Count
from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.graph import Tensor, layers


def gated_fusion(x: Sequence[Tensor], *, filters: Count, name: str) -> Tensor:
    """`from: [details, context]`: a 1×1 convolution of the details, times the hard sigmoid of one of the context, which
    is resized bilinearly; both with batch norm.
    """
    details, context = x
    y = torch_conv_bn(details, filters=filters, kernel=1, activation="none", name=f"{name}/details")
    gate = torch_conv_bn(context, filters=filters, kernel=1, activation="none", name=f"{name}/context")
    gate = layers.Activation("hard_sigmoid", name=f"{name}/hard_sigmoid")(gate)
    gate = layers.Resize(details.size, stride=details.stride, align_corners=False, name=f"{name}/resize")(gate)
    return layers.Multiply(name=f"{name}/gated")([y, gate])


EXAMPLES: list[tuple[tuple[tuple[int, ...], ...], dict[str, object]]] = [
    (((16, 19, 8), (4, 5, 6)), {"filters": 12}),
    (((7, 9, 4), (7, 9, 4)), {"filters": 3}),
]
