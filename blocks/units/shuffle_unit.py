"""ShuffleNetV2 unit: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1807.11164, Figure 3 (c, d)."""

from typing import Annotated, Literal, NamedTuple

from archspec.blocks.units.conv_bn import Padding, conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn
from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers


class _Style(NamedTuple):
    """What does not change inside a unit."""

    stride: int
    dilation_rate: int | tuple[int, int]
    padding: Padding
    activation: Literal["relu", "leaky_relu"]
    name: str


def shuffle_unit(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=2, multiple_of=2)],
    stride: Annotated[int, Range(ge=1)] = 1,
    nominal_stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    padding: Padding = "same",
    activation: Literal["relu", "leaky_relu"] = "relu",
    bottleneck: Literal["input", "half"] = "input",
    layout: Literal["published", "torchvision"] = "published",
    name: str,
) -> Tensor:
    """A unit with a stride, or with other filters than it gets, has two branches over the whole input;
    any other splits, and passes one half by.

    `layout: published` (the segmentation code) shuffles before it splits, works on the first half, and ends a stage
    without a shuffle; `torchvision` works on the second half and shuffles after every unit. `bottleneck` is the
    width inside the main branch of a unit with a stride: the input's (published), or half the filters (torchvision).
    """
    style = _Style(stride, dilation_rate, padding, activation, name)
    if nominal_stride > 1 or filters != x.channels:
        y = _transition(x, filters, x.channels if bottleneck == "input" else filters // 2, style)
    elif filters % 2:
        raise Problem(f"{filters} filters cannot be split in two", "Use an even number")
    elif layout == "published":
        x = layers.ChannelShuffle(2, name=f"{name}/shuffle")(x)
        main, passing = layers.ChannelSplit(2, name=f"{name}/split")(x)
        main = _main(main, filters // 2, filters // 2, style._replace(stride=1))
        return layers.Concatenate(name=f"{name}/concat")([main, passing])
    else:
        passing, main = layers.ChannelSplit(2, name=f"{name}/split")(x)
        main = _main(main, filters // 2, filters // 2, style._replace(stride=1))
        y = layers.Concatenate(name=f"{name}/concat")([passing, main])
    return y if layout == "published" else layers.ChannelShuffle(2, name=f"{name}/shuffle")(y)


def _transition(x: Tensor, filters: int, bottleneck: int, style: _Style) -> Tensor:
    """Both branches see the whole input."""
    stride, dilation_rate, padding, activation, name = style
    shortcut = depthwise_bn(
        x, stride=stride, dilation_rate=dilation_rate, padding=padding, name=f"{name}/shortcut/depthwise"
    )
    shortcut = conv_bn(shortcut, filters=filters // 2, kernel=1, activation=activation, name=f"{name}/shortcut/after")
    main = _main(x, bottleneck, filters // 2, style)
    return layers.Concatenate(name=f"{name}/concat")([shortcut, main])


def _main(x: Tensor, bottleneck: int, filters: int, style: _Style) -> Tensor:
    stride, dilation_rate, padding, activation, name = style
    x = conv_bn(x, filters=bottleneck, kernel=1, activation=activation, name=f"{name}/before")
    x = depthwise_bn(x, stride=stride, dilation_rate=dilation_rate, padding=padding, name=f"{name}/depthwise")
    return conv_bn(x, filters=filters, kernel=1, activation=activation, name=f"{name}/after")


EXAMPLES = [
    ((14, 14, 8), {"filters": 8}),
    ((14, 15, 8), {"filters": 20, "stride": 2}),
    ((14, 14, 8), {"filters": 8, "dilation_rate": 2}),
    ((14, 15, 8), {"filters": 8, "layout": "torchvision"}),
    (
        (14, 15, 8),
        {"filters": 20, "stride": 2, "padding": "symmetric", "activation": "leaky_relu", "bottleneck": "half"},
    ),
]
