"""Finer maps by 1×1 plus the map so far, then 3×3: -> (N, H, W, filters[-1]). After arXiv:1612.03144."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from archspec.blocks.necks._levels import Activation, activate, convolved, lateral, levels, resized
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

Filters = Annotated[int, Range(ge=1)]


def lateral_sums(
    x: Tensor,
    *,
    filters: Sequence[Filters] = (128, 96, 64),
    finest: Filters | None = None,
    skips: Sequence[str] = (),
    separable: bool = False,
    activation: Activation = "relu",
    align_corners: bool = False,
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """From coarse to fine, a width each: the last step at the halved stride (or the next of `skips`) by 1×1, plus the
    map so far, then `activation` and a 3×3 convolution to the width of the next sum.

    A pyramid whose maps get narrower as they get finer. Only the last convolution has an activation of its own.
    `finest`: the stride to end at; where fewer sums than `filters` lead there, the last widths are theirs.
    """
    if not filters:
        raise Problem("filters names no width", "Write one width for each stride that is added: filters: [128, 96, 64]")
    if skips and len(skips) != len(filters):
        raise Problem(f"{len(filters)} filters for {len(skips)} skips", "Write one width for each step that is added")
    end = max(1, x.stride >> len(filters)) if finest is None else finest
    _, *finer = levels(x, taps, finest if skips else end, skips)
    if finest is not None and not skips:
        if len(finer) > len(filters):
            fact = f"{len(filters)} filters for the {len(finer)} sums from stride {x.stride} to {finest}"
            raise Problem(fact, "Write one width for each stride that is added, or a larger finest")
        filters = filters[len(filters) - len(finer) :]
        if not finer:
            return x
    y = x if x.channels == filters[0] else lateral(x, filters=filters[0], name=f"{name}/lateral{x.stride}")
    for low, width, following in zip(finer, filters, (*filters[1:], None), strict=True):
        stride = low.stride
        low = lateral(low, filters=width, name=f"{name}/lateral{stride}")
        y = layers.Add(name=f"{name}/sum{stride}/add")([low, resized(y, low, align_corners, f"{name}/sum{stride}")])
        y = activate(y, activation, f"{name}/sum{stride}")
        last = following is None
        y = convolved(y, following or width, separable, activation if last else "none", f"{name}/fused{stride}")
    return y


EXAMPLES = [
    ({"x": (4, 5, 8, 32), "in1": (8, 9, 6, 16), "in2": (15, 18, 4, 8)}, {"filters": [8, 6]}),
    (
        {"x": (8, 9, 6, 16), "in1": (15, 18, 4, 8), "in2": (30, 36, 3, 4)},
        {"filters": [5], "skips": ["in2"], "separable": True, "align_corners": True, "activation": "hard_swish"},
    ),
]
