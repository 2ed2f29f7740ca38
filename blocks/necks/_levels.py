"""What every neck does: which maps of the backbone it reads, how a coarse one meets a finer one, how all become one."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from archspec.blocks.decoders._taps import find_tap, offered
from archspec.blocks.units.conv_bn import Activation, activate, conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.errors import Problem
from archspec.graph import Tensor, layers

FINEST = 8  # stride of the map that a neck ends with, where nothing is written
Fusion = Literal["finest", "sum", "concatenate"]
lateral = partial(conv_bn, kernel=1, activation="none")  # 1×1: what is added has no activation of its own


def levels(x: Tensor, taps: Mapping[str, Tensor], finest: int | None, skips: Sequence[str]) -> list[Tensor]:
    """The maps that a neck reads, coarse to fine: its input, then the last step with an id at each halved stride.

    `skips` names those steps instead, coarse to fine. A map that is as fine already is the only one.
    Raises `Problem` with the steps that would do.
    """
    found = [x]
    for skip in skips:
        if skip in taps and taps[skip].stride >= found[-1].stride:
            fact = f"'{skip}' is at stride {taps[skip].stride}, no finer than the {found[-1].stride} before it"
            raise Problem(fact, f"Name the steps coarse to fine. {offered(taps)}")
        found.append(find_tap(taps, skip, taps[skip].stride if skip in taps else 0, x))
    if skips:
        if finest not in (None, found[-1].stride):
            fact = f"finest is {finest}, and the last of skips is at stride {found[-1].stride}"
            raise Problem(fact, "Write one of the two")
        return found
    wanted = finest or FINEST
    if x.stride < wanted or x.stride % wanted or (x.stride // wanted) & (x.stride // wanted - 1):
        fact = f"the map before the neck is at stride {x.stride}, which does not halve down to {wanted}"
        raise Problem(fact, "Use a larger output_stride, or a smaller finest")
    while found[-1].stride > wanted:
        found.append(find_tap(taps, None, found[-1].stride // 2, x))
    return found


def resized(x: Tensor, like: Tensor, align_corners: bool, name: str) -> Tensor:
    """`x` at the size of another map; itself where it has that size."""
    if (x.size, x.stride) == (like.size, like.stride):
        return x
    return layers.Resize(like.size, stride=like.stride, align_corners=align_corners, name=f"{name}/resize")(x)


def convolved(
    x: Tensor, filters: int, separable: bool, activation: Activation, name: str, kernel: int = 3, stride: int = 1
) -> Tensor:
    """A full convolution, or a depthwise one without an activation and a 1×1 one."""
    if separable:
        x = depthwise_bn(x, kernel=kernel, stride=stride, name=f"{name}/depthwise")
        kernel, stride = 1, 1
    return conv_bn(x, filters=filters, kernel=kernel, stride=stride, activation=activation, name=name)


def fused(
    maps: Sequence[Tensor], fusion: Fusion, filters: int, activation: Activation, align_corners: bool, name: str
) -> Tensor:
    """One map at the size of the last of `maps`, the finest: that one, the sum of all, or a 1×1 convolution of all."""
    finest = maps[-1]
    if fusion == "finest" or len(maps) == 1:
        return finest
    same = [resized(one, finest, align_corners, f"{name}/fuse{one.stride}") for one in maps]
    if fusion == "sum":
        return layers.Add(name=f"{name}/fuse")(same)
    return conv_bn(
        layers.Concatenate(name=f"{name}/concat")(same),
        filters=filters,
        kernel=1,
        activation=activation,
        name=f"{name}/fuse",
    )


def top_down(maps: Sequence[Tensor], filters: int, align_corners: bool, name: str) -> list[Tensor]:
    """Each map as `filters` channels by 1×1, plus the sum above it resized to it: coarse to fine. arXiv:1612.03144."""
    sums: list[Tensor] = []
    for one in maps:
        y = lateral(one, filters=filters, name=f"{name}/lateral{one.stride}")
        if sums:
            above = resized(sums[-1], y, align_corners, f"{name}/down{one.stride}")
            y = layers.Add(name=f"{name}/sum{one.stride}")([y, above])
        sums.append(y)
    return sums


def by_stride(maps: Sequence[Tensor], x: Tensor) -> dict[str, Tensor]:
    """The maps that later steps may read beside the neck's own, `stride16` and so on."""
    return {f"stride{one.stride}": one for one in maps if one is not x}


__all__ = [
    "FINEST", "Activation", "Fusion", "activate", "by_stride", "convolved", "fused", "lateral", "levels", "resized",
    "top_down",
]  # fmt: skip
