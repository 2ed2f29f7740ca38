"""ShuffleNetV2 unit: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1807.11164, Figure 3 (c, d)."""

from typing import Annotated

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


def shuffle_unit(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=2, multiple_of=2)],
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    name: str,
) -> Tensor:
    """A unit with a stride, or with other filters than it gets, has two branches over the whole input;
    any other shuffles, splits, and passes one half by. A stage ends without a shuffle, as in the published code.
    """
    if nominal_stride > 1 or filters != x.channels:
        return _transition(x, filters, stride, dilation_rate, name)
    if filters % 2:
        raise Problem(f"{filters} filters cannot be split in two", "Use an even number")
    x = layers.ChannelShuffle(2, name=f"{name}/shuffle")(x)
    main, passing = layers.ChannelSplit(2, name=f"{name}/split")(x)
    main = _main(main, filters // 2, filters // 2, 1, dilation_rate, name)
    return layers.Concatenate(name=f"{name}/concat")([main, passing])


def _transition(x: Tensor, filters: int, stride: int, dilation_rate: int | tuple[int, int], name: str) -> Tensor:
    """Both branches see the whole input; the bottleneck of the main one is as wide as the input (published code)."""
    shortcut = depthwise_bn(x, stride=stride, dilation_rate=dilation_rate, name=f"{name}/shortcut/depthwise")
    shortcut = conv_bn(shortcut, filters=filters // 2, kernel=1, name=f"{name}/shortcut/after")
    main = _main(x, x.channels, filters // 2, stride, dilation_rate, name)
    return layers.Concatenate(name=f"{name}/concat")([shortcut, main])


def _main(
    x: Tensor, bottleneck: int, filters: int, stride: int, dilation_rate: int | tuple[int, int], name: str
) -> Tensor:
    x = conv_bn(x, filters=bottleneck, kernel=1, name=f"{name}/before")
    x = depthwise_bn(x, stride=stride, dilation_rate=dilation_rate, name=f"{name}/depthwise")
    return conv_bn(x, filters=filters, kernel=1, name=f"{name}/after")


EXAMPLES = [
    ((14, 14, 8), {"filters": 8}),
    ((14, 15, 8), {"filters": 20, "stride": 2}),
    ((14, 14, 8), {"filters": 8, "dilation_rate": 2}),
]
