"""Max pooling, SAME: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), C)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers


def max_pool(
    x: Tensor, *, pool: Annotated[int, Range(ge=1)] = 3, stride: Annotated[int, Range(ge=1)] = 2, name: str
) -> Tensor:
    """TensorFlow's SAME padding."""
    return layers.MaxPooling2D(pool, strides=stride, padding="same", name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 32, 8), {})]
