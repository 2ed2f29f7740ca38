"""Max pooling: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), C)."""

from typing import Annotated

from archspec.blocks.units.conv_bn import Padding
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


def max_pool(
    x: Tensor,
    *,
    pool: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 2,
    padding: Padding = "same",
    name: str,
) -> Tensor:
    """TensorFlow's SAME padding, or PyTorch's: as much on every side, of what is never the largest."""
    if padding == "same" or stride == 1 or pool == 1:
        return layers.MaxPooling2D(pool, strides=stride, padding="same", name=name)(x)
    if pool % 2 == 0:
        raise Problem(f"a window of {pool} has no middle to pad round", "Use an odd window, or padding same")
    if _is_never_negative(x):  # then zeros are never the largest
        x = layers.ZeroPadding2D(pool // 2, name=f"{name}/pad")(x)
        return layers.MaxPooling2D(pool, strides=stride, padding="valid", name=name)(x)
    x = layers.MaxPooling2D(pool, strides=1, padding="same", name=f"{name}/everywhere")(x)
    return layers.MaxPooling2D(1, strides=stride, padding="valid", name=name)(x)


def _is_never_negative(x: Tensor) -> bool:
    layer = x.node.layer
    return isinstance(layer, layers.ReLU) and not layer.config["negative_slope"]


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((33, 32, 8), {}),
    ((33, 32, 8), {"padding": "symmetric"}),
]
