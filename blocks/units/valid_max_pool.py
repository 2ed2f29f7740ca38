"""Max pooling without padding: (N, H, W, C) -> (N, (H - pool) // stride + 1, (W - pool) // stride + 1, C)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers


def valid_max_pool(
    x: Tensor, *, pool: Annotated[int, Range(ge=1)] = 3, stride: Annotated[int, Range(ge=1)] = 2, name: str
) -> Tensor:
    """Windows that lie wholly inside the map."""
    return layers.MaxPooling2D(pool, strides=stride, padding="valid", name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 32, 8), {}), ((9, 8, 3), {"pool": 2})]
