"""Path aggregation: a feature pyramid, then back from fine to coarse: -> (N, H, W, filters). arXiv:1803.01534, §3.1."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from archspec.blocks.necks._levels import Activation, by_stride, convolved, fused, levels, resized, top_down
from archspec.graph import Range, Tensor, layers


def pan(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 128,
    finest: Annotated[int, Range(ge=1)] | None = None,
    skips: Sequence[str] = (),
    fusion: Literal["sum", "concatenate"] = "sum",
    separable: bool = False,
    activation: Activation = "relu",
    align_corners: bool = False,
    taps: Mapping[str, Tensor],
    name: str,
) -> tuple[Tensor, dict[str, Tensor]]:
    """`fpn`, then from its finest map up again: a 3×3 convolution of stride 2, the sum with the pyramid's map of that
    stride, a 3×3 convolution.

    The way up ends with the coarsest map, so all are fused at the finest size: their `sum`, or a 1×1 convolution of
    them concatenated. Those of each stride are taps of its id: `ID.stride16`.
    """
    sums = top_down(levels(x, taps, finest, skips), filters, align_corners, name)
    pyramid = [convolved(one, filters, separable, activation, f"{name}/smooth{one.stride}") for one in sums]
    maps = [pyramid[-1]]
    for one in reversed(pyramid[:-1]):
        where = f"{name}/up{one.stride}"
        ratio = one.stride // maps[0].stride
        y = convolved(maps[0], filters, separable, activation, f"{where}/reduce", stride=ratio)
        y = layers.Add(name=f"{where}/sum")([one, resized(y, one, align_corners, where)])
        maps.insert(0, convolved(y, filters, separable, activation, where))
    y = fused(maps, fusion, filters, activation, align_corners, name)
    return y, by_stride(maps, y)


EXAMPLES = [
    ({"x": (4, 5, 8, 32), "in1": (8, 9, 6, 16), "in2": (15, 18, 4, 8)}, {"filters": 6}),
    (
        {"x": (8, 9, 6, 16), "in1": (15, 18, 4, 8), "in2": (30, 36, 3, 4)},
        {"filters": 6, "skips": ["in2"], "fusion": "concatenate", "separable": True, "activation": "relu6"},
    ),
]
