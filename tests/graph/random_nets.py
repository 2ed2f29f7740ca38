"""Random small networks out of layers called by hand: every layer on every other, channels used twice, shuffles nested.

A network is a list of moves; each picks tensors among those made so far. Hypothesis prints the moves that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

from archspec.graph import Graph, Tensor, layers
from tests.graph.nets import finish, image

HEIGHT, WIDTH = 5, 4


class Move(NamedTuple):
    """An operation, and numbers that choose its inputs and arguments."""

    operation: str
    first: int
    second: int
    number: int


def moves() -> st.SearchStrategy[list[Move]]:
    """Two to fourteen moves."""
    small = st.integers(0, 11)
    one = st.builds(Move, st.sampled_from(sorted(OPERATIONS)), small, small, small)
    return st.lists(one, min_size=2, max_size=14)


def build(steps: list[Move], outputs: int = 1) -> Graph:
    """The graph; it gives back the last `outputs` tensors. Channels stay below 100."""
    x = image(HEIGHT, WIDTH, 3)
    made = [layers.Conv2D(6, 1, name="stem")(x)]
    for index, step in enumerate(steps):
        pick = made[-1 - step.first % len(made)]
        other = made[-1 - step.second % len(made)]
        made.extend(OPERATIONS[step.operation](pick, other, step.number, f"{index}_{step.operation}"))
    return finish(*made[-outputs:])


Operation = Callable[[Tensor, Tensor, int, str], list[Tensor]]


def _conv(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    dilation = 1 + number % 3
    return [
        layers.Conv2D(2 + number, 3, padding="same", dilation_rate=dilation, use_bias=number % 2 == 0, name=name)(x)
    ]


def _pointwise(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    return [layers.Conv2D(1 + 2 * number, 1, use_bias=False, name=name)(x)]


def _grouped(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    groups = _divisor(x.channels, number)
    return [layers.Conv2D(groups * (1 + number % 3), 1, groups=groups, name=name)(x)]


def _depthwise(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    multiplier = 2 if number % 4 == 3 and x.channels < 40 else 1
    rate = (1 + number % 2, 1 + number % 3)
    return [
        layers.DepthwiseConv2D(
            3, padding="same", depth_multiplier=multiplier, dilation_rate=rate, use_bias=number % 2 == 0, name=name
        )(x)
    ]


def _batch_norm(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    return [layers.BatchNormalization(center=number != 3, scale=number != 5, name=name)(x)]


def _relu(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    if number % 3 == 2:
        return [layers.ReLU(negative_slope=0.25, name=name)(x)]
    return [layers.ReLU(max_value=6 if number % 3 else None, name=name)(x)]


def _shuffle(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    return [layers.ChannelShuffle(_divisor(x.channels, number), name=name)(x)]


def _split(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    return list(layers.ChannelSplit(_divisor(x.channels, number), name=name)(x))[:3]


def _concatenate(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    inputs = [x, other, *[x] * (number % 7)]
    if sum(tensor.channels for tensor in inputs) > 100:
        inputs = [x]
    return [layers.Concatenate(name=name)(inputs)]


def _add(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    inputs = [x, other] if other.channels == x.channels else [x, x]
    return [layers.Add(name=name)([*inputs, x] if number % 2 else inputs)]


def _pool(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    pool = layers.MaxPooling2D if number % 2 else layers.AveragePooling2D
    return [pool(2 + number % 2, strides=1, padding="same", name=name)(x)]


def _image_pooling(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    y = layers.GlobalAveragePooling2D(name=f"{name}_mean")(x)
    return [layers.Resize((HEIGHT, WIDTH), stride=1, name=name)(y)]


def _there_and_back(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    y = layers.ZeroPadding2D(((number % 3, 1), (2, number % 2)), name=f"{name}_pad")(x)
    nearest = "nearest" if number % 2 else "bilinear"
    return [layers.Resize((HEIGHT, WIDTH), stride=1, interpolation=nearest, align_corners=number > 5, name=name)(y)]


def _indices_and_back(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    y, places = layers.MaxPoolingWithIndices(name=f"{name}_pool")(x)
    y = layers.PReLU("constant(-0.5)", name=f"{name}_prelu")(y) if number % 2 else y
    return [layers.MaxUnpooling((HEIGHT, WIDTH), name=name)([y, places])]


def _smaller_and_larger(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    y = layers.Conv2D(2 + number, 2, strides=2, padding="same", use_bias=False, name=f"{name}_down")(x)
    y = layers.Conv2DTranspose(1 + number, 1 + number % 4, strides=2, use_bias=number > 5, name=name)(y)
    y = layers.BatchNormalization(name=f"{name}_bn")(y) if number % 3 else y
    (bottom, right), crop = (y.size[0] - HEIGHT, y.size[1] - WIDTH), f"{name}_crop"
    return [layers.ReLU(name=f"{name}_relu")(layers.Cropping2D(((0, bottom), (0, right)), name=crop)(y))]


def _gate(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    y = layers.GlobalAveragePooling2D(name=f"{name}_mean")(x) if number % 2 else x
    kind = ("sigmoid", "hard_sigmoid", "tanh", "hard_swish")[number % 4]
    y = layers.Activation(kind, name=f"{name}_gate")(y)
    return [layers.Multiply(name=name)([x, y])]


def _padded(x: Tensor, other: Tensor, number: int, name: str) -> list[Tensor]:
    return [layers.PadChannels(min(x.channels + number, 100), name=name)(x)]


def _divisor(channels: int, number: int) -> int:
    divisors = [count for count in range(1, channels + 1) if channels % count == 0]
    return divisors[number % len(divisors)]


OPERATIONS: dict[str, Operation] = {
    "add": _add,
    "batch_norm": _batch_norm,
    "concatenate": _concatenate,
    "conv": _conv,
    "depthwise": _depthwise,
    "dropout": lambda x, other, number, name: [layers.Dropout(0.1, name=name)(x)],
    "grouped": _grouped,
    "gate": _gate,
    "indices_and_back": _indices_and_back,
    "image_pooling": _image_pooling,
    "padded": _padded,
    "pointwise": _pointwise,
    "pool": _pool,
    "prelu": lambda x, other, number, name: [layers.PReLU(name=name)(x)],
    "relu": _relu,
    "reverse": lambda x, other, number, name: [layers.ChannelReverse(name=name)(x)],
    "shuffle": _shuffle,
    "smaller_and_larger": _smaller_and_larger,
    "softmax": lambda x, other, number, name: [layers.Softmax(name=name)(x)],
    "split": _split,
    "there_and_back": _there_and_back,
}
