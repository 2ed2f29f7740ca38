"""Scores of the features plus those of finer steps, added top down: (N, h, w, C) -> (N, H, W, classes).
arXiv:1411.4038, §4.2."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from archspec.blocks.necks._levels import levels, resized
from archspec.blocks.units.conv_bn import conv_bn
from archspec.graph import Range, Tensor, layers

READS = "features"
Stride = Annotated[int, Range(ge=1)]


def score_sums(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=0)] = 0,
    finest: Stride | None = None,
    skips: Sequence[str] = (),
    align_corners: bool = False,
    classes: int = 19,
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """The cheapest way to finer maps: only scores are resized and added. The last step with an id at each halved stride
    down to `finest` (8) is read, or the steps that `skips` names coarse to fine; `filters`, where not 0, is the width
    of a 1×1 convolution of each before its scores. It ends at the finest map's size: a `bilinear` step may follow.
    """
    first, *finer = levels(x, taps, finest, skips)
    y = _scores(first, classes, f"{name}/scores{first.stride}")
    for one in finer:
        stride = one.stride
        if filters:
            one = conv_bn(one, filters=filters, kernel=1, name=f"{name}/features{stride}")
        low = _scores(one, classes, f"{name}/scores{stride}")
        y = layers.Add(name=f"{name}/sum{stride}")([low, resized(y, low, align_corners, f"{name}/up{stride}")])
    return y


def _scores(x: Tensor, classes: int, name: str) -> Tensor:
    return layers.Conv2D(classes, 1, kernel_initializer="truncated_normal(0.01)", name=name)(x)


EXAMPLES = [
    ({"x": (4, 5, 8, 32), "in1": (8, 9, 6, 16), "in2": (15, 18, 4, 8)}, {"classes": 5}),
    (
        {"x": (8, 9, 6, 16), "in1": (30, 36, 3, 4)},
        {"classes": 5, "skips": ["in1"], "filters": 4, "align_corners": True},
    ),
    ({"x": (15, 18, 4, 8)}, {"classes": 5}),
]
