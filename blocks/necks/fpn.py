"""Feature pyramid: coarse maps brought to finer ones and added, top down: -> (N, H, W, filters). arXiv:1612.03144."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from archspec.blocks.necks._levels import Activation, Fusion, by_stride, convolved, fused, levels, top_down
from archspec.graph import Range, Tensor


def fpn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)] = 128,
    finest: Annotated[int, Range(ge=1)] | None = None,
    skips: Sequence[str] = (),
    fusion: Fusion = "finest",
    separable: bool = False,
    activation: Activation = "relu",
    align_corners: bool = False,
    taps: Mapping[str, Tensor],
    name: str,
) -> tuple[Tensor, dict[str, Tensor]]:
    """1×1 convolutions of the features and of the last step at each finer stride down to `finest` (8), or of the steps
    that `skips` names coarse to fine; each plus the sum above it; a 3×3 convolution of each sum. All have batch norm,
    the 3×3 ones `activation`.

    It ends with the finest map, with the `sum` of all, or with a 1×1 convolution of them concatenated. Those of each
    stride are taps of its id: `ID.stride16`.
    """
    sums = top_down(levels(x, taps, finest, skips), filters, align_corners, name)
    maps = [convolved(one, filters, separable, activation, f"{name}/smooth{one.stride}") for one in sums]
    y = fused(maps, fusion, filters, activation, align_corners, name)
    return y, by_stride(maps, y)


EXAMPLES = [
    ({"x": (4, 5, 8, 32), "in1": (8, 9, 6, 16), "in2": (15, 18, 4, 8)}, {"filters": 6}),
    (
        {"x": (8, 9, 6, 16), "in1": (15, 18, 4, 8), "in2": (30, 36, 3, 4)},
        {"filters": 6, "skips": ["in2"], "fusion": "concatenate", "separable": True, "align_corners": True},
    ),
    ({"x": (4, 5, 8, 32), "in1": (8, 9, 6, 16)}, {"filters": 6, "finest": 16, "fusion": "sum", "activation": "none"}),
]
