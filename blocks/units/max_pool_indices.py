"""2×2 max pooling that remembers where: (N, H, W, C) -> (N, ceil(H / 2), ceil(W / 2), C), and `indices` alike."""

from typing import Annotated

from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


def max_pool_indices(
    x: Tensor, *, stride: Annotated[int, Range(ge=2, le=2)] = 2, name: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """`max_unpool` undoes it, by this step's id. An odd size is rounded up, as Caffe does."""
    if stride != 2:
        raise Problem("a pooling that is undone later cannot keep its input's size", "Use a larger output_stride")
    maxima, indices = layers.MaxPoolingWithIndices(name=name)(x)
    return maxima, {"indices": indices}


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 16, 8), {}), ((13, 15, 8), {})]
