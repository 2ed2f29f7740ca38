"""ENet's bottleneck: (N, H, W, C) -> (N, H / stride, W / stride, filters). arXiv:1606.02147, Figure 2b."""

from typing import Annotated, Literal

from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

MOMENTUM, EPSILON = 0.9, 1e-3
SLOPE = "constant(0.25)"  # of a fresh PReLU, as in Torch

Activation = Literal["prelu", "relu"]


def enet_bottleneck(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=4, multiple_of=4)],
    stride: Literal[1, 2] = 1,
    kernel: Annotated[int, Range(ge=1)] = 3,
    asymmetric: bool = False,
    dilation_rate: int | tuple[int, int] = 1,
    activation: Activation = "prelu",
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.1,
    name: str,
) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
    """Beside the shortcut a 1×1 projection to a quarter (2×2 at stride 2), a convolution, a 1×1 expansion.

    Args:
      asymmetric: The convolution as 1 × kernel and kernel × 1 instead of square.
    """
    inside = filters // 4
    y = layers.Conv2D(inside, stride, strides=stride, padding="same", use_bias=False, name=f"{name}/project/conv")(x)
    y = normalised(y, f"{name}/project", activation)
    for part, size in enumerate(((1, kernel), (kernel, 1)) if asymmetric else ((kernel, kernel),)):
        is_last = part == 1 or not asymmetric
        y = layers.Conv2D(
            inside, size, padding="same", dilation_rate=dilation_rate, use_bias=is_last, name=f"{name}/conv{part}"
        )(y)
    y = normalised(y, f"{name}/conv", activation)
    y = expanded(y, filters, name)
    if dropout:
        y = layers.SpatialDropout2D(dropout, name=f"{name}/dropout")(y)
    shortcut, indices = _shortcut(x, filters, stride, name)
    y = activate(layers.Add(name=f"{name}/add")([shortcut, y]), activation, f"{name}/{activation}")
    return y if indices is None else (y, {"indices": indices})


def expanded(x: Tensor, filters: int, name: str) -> Tensor:
    """The 1×1 expansion at the end of a bottleneck's branch, without activation."""
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}/expand/conv")(x)
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/expand/bn")(y)


def normalised(x: Tensor, name: str, activation: Activation) -> Tensor:
    """Batch norm and activation."""
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)
    return activate(x, activation, f"{name}/{activation}")


def activate(x: Tensor, activation: Activation, name: str) -> Tensor:
    """PReLU with a slope a channel, or ReLU."""
    return prelu(x, name) if activation == "prelu" else layers.ReLU(name=name)(x)


def prelu(x: Tensor, name: str) -> Tensor:
    """Torch's: a slope a channel that starts at a quarter."""
    return layers.PReLU(SLOPE, name=name)(x)


def _shortcut(x: Tensor, filters: int, stride: int, name: str) -> tuple[Tensor, Tensor | None]:
    """The input, pooled at stride 2, with channels of zeros behind where there are too few."""
    indices = None
    if filters < x.channels:
        raise Problem(f"a bottleneck of {filters} filters cannot add its input of {x.channels} channels")
    if stride == 2:
        x, indices = layers.MaxPoolingWithIndices(name=f"{name}/pool")(x)
    if filters > x.channels:
        x = layers.PadChannels(filters, name=f"{name}/pad")(x)
    return x, indices


EXAMPLES = [
    ((14, 15, 8), {"filters": 8}),
    ((14, 15, 8), {"filters": 16, "stride": 2, "dropout": 0.01}),
    ((14, 15, 8), {"filters": 8, "kernel": 5, "asymmetric": True}),
    ((14, 15, 8), {"filters": 8, "dilation_rate": 4, "activation": "relu", "dropout": 0.0}),
]
