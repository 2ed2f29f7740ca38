"""Basic head, ASPP without atrous branches: (N, H, W, C) -> (N, H, W, filters). arXiv:1902.07476, §3.2."""

from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.graph import Range, Tensor, layers

MOMENTUM, EPSILON = 0.9997, 1e-5


def basic(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 256,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.1,
    name: str,
) -> Tensor:
    """Image pooling beside a 1×1 convolution, concatenated (pooling first), projected, dropped out."""
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/image_pooling/mean")(x)
    pooled = conv_bn(
        pooled, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/image_pooling"
    )
    pooled = layers.Resize(x.size, stride=x.stride, name=f"{name}/image_pooling/resize")(pooled)
    aspp = conv_bn(x, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/aspp0")
    y = layers.Concatenate(name=f"{name}/concat")([pooled, aspp])
    y = conv_bn(y, filters=filters, kernel=1, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/concat_projection")
    return layers.Dropout(dropout, name=f"{name}/dropout")(y) if dropout else y


EXAMPLES = [((14, 15, 8), {"filters": 12}), ((14, 15, 8), {"filters": 12, "dropout": 0.0})]
