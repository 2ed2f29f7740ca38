"""ShuffleNet v1 unit: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1707.01083, Figure 2 (b, c)."""

from functools import partial
from typing import Annotated, Literal

from archspec.blocks.units._biased import biased_conv_bn, biased_depthwise_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

WIDTHS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}  # of stage 2 by groups, Table 1; each further stage doubles it
_grouped_conv_bn = partial(biased_conv_bn, kernel=1, epsilon=1e-5)  # all other batch norms have 1e-3


def grouped_shuffle_unit(
    x: Tensor,
    *,
    stage: Literal[2, 3, 4],
    groups: Literal[1, 2, 3, 4, 8] = 3,
    filters: Annotated[int, Range(ge=1)] | None = None,
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    width_multiplier: float = 1.0,
    variant: str = "paper",
    name: str,
) -> Tensor:
    """A unit with a stride, or with other filters than it gets, concatenates its input, pooled; any other adds it.

    `filters` are those of the stage in the published table, times the width multiplier, unless given. Stage 2
    begins with an ungrouped convolution. `variant: reference` dilates as the published code does: the unit that
    lost its stride by all the stride lost so far, and no other.
    """
    filters = filters or _width(stage, groups, width_multiplier)
    if nominal_stride == 1 and filters == x.channels:
        y = _branch(x, filters // 4, filters, groups, True, 1, dilation_rate, "none", name)
        y = layers.Add(name=f"{name}/add")([x, y])
        return layers.ReLU(name=f"{name}/relu")(y)
    if filters <= x.channels:
        raise Problem(f"{filters} filters leave none beside the {x.channels} channels that pass by", "Use more filters")
    if variant == "reference" and stride < nominal_stride:
        dilation_rate = 2 ** (stage + 1) // x.stride
    passing = x
    if stride != 1:
        passing = layers.AveragePooling2D(3, strides=stride, padding="same", name=f"{name}/pool")(x)
    passing = layers.ReLU(name=f"{name}/pool/relu")(passing)
    more = filters - x.channels
    bottleneck = max(more // 4 // groups, 1) * groups
    y = _branch(x, bottleneck, more, groups, stage != 2, stride, dilation_rate, "relu", name)
    return layers.Concatenate(name=f"{name}/concat")([passing, y])


def _width(stage: int, groups: int, width_multiplier: float) -> int:
    """To the nearest width whose quarter the groups divide; the published ones are such widths."""
    step = 4 * groups
    return max(int(WIDTHS[groups] * 2 ** (stage - 2) * width_multiplier / step + 0.5), 1) * step


def _branch(
    x: Tensor,
    bottleneck: int,
    filters: int,
    groups: int,
    grouped: bool,
    stride: int,
    dilation_rate: int | tuple[int, int],
    activation: Literal["relu", "none"],
    name: str,
) -> Tensor:
    """1×1, shuffle, 3×3 depthwise, 1×1 into `filters`. What is not grouped needs no shuffle."""
    if grouped:
        y = _grouped_conv_bn(x, filters=bottleneck, groups=groups, name=f"{name}/bottleneck")
    else:
        y = biased_conv_bn(x, filters=bottleneck, kernel=1, name=f"{name}/bottleneck")
    if grouped and groups != 1:
        y = layers.ChannelShuffle(groups, name=f"{name}/shuffle")(y)
    y = biased_depthwise_bn(
        y, stride=stride, dilation_rate=dilation_rate, padding="symmetric", name=f"{name}/depthwise"
    )
    return _grouped_conv_bn(y, filters=filters, groups=groups, activation=activation, name=f"{name}/gconv")


EXAMPLES = [
    ((15, 14, 24), {"stage": 2, "groups": 3, "filters": 48, "stride": 2}),
    ((14, 15, 48), {"stage": 3, "groups": 3, "filters": 48}),
    ((9, 8, 40), {"stage": 4, "groups": 2, "filters": 80, "dilation_rate": 2}),
]
