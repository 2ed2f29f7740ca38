"""The means of several maps on one grid, concatenated: maps of all sizes -> (N, h, w, ΣC). arXiv:2204.05525, §3.2."""

from collections.abc import Sequence

from archspec.blocks.units._attention import Count
from archspec.graph import Tensor, layers


def pooled_tokens(x: Sequence[Tensor], *, reduction: Count = 2, name: str) -> Tensor:
    """`from:` the maps, the coarsest last. The grid is that one's size by `reduction`, rounded up; windows are those of
    PyTorch's adaptive pooling.
    """
    coarsest = x[-1]
    grid = tuple(-(-side // reduction) for side in coarsest.size)
    stride = coarsest.stride * reduction
    means = [
        layers.AdaptiveAveragePooling2D(grid, stride=stride, name=f"{name}/mean{index}")(one)
        for index, one in enumerate(x, start=1)
    ]
    return layers.Concatenate(name=f"{name}/concat")(means) if len(means) > 1 else means[0]


EXAMPLES: list[tuple[tuple[tuple[int, ...], ...], dict[str, object]]] = [
    (((16, 24, 4), (8, 12, 6), (4, 6, 8)), {}),
    (((14, 15, 4), (7, 8, 6)), {"reduction": 3}),
]
