"""Convolution, batch norm, activation: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), filters)."""

from typing import Annotated, Literal

from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers

Activation = Literal["relu", "relu6", "leaky_relu", "hard_swish", "gelu", "silu", "none"]
Padding = Literal["same", "symmetric"]
LEAKY_SLOPE = 0.1  # as in detectors' backbones (NanoDet)


def conv_bn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    groups: Annotated[int, Range(ge=1)] = 1,
    activation: Activation = "relu",
    bias: bool = False,
    padding: Padding = "same",
    momentum: Annotated[float, Range(gt=0, lt=1)] = 0.997,
    epsilon: Annotated[float, Range(gt=0)] = 1e-3,
    initializer: str = "glorot_uniform",
    name: str,
) -> Tensor:
    """No bias, since the batch norm has one; a few published networks have both.

    `padding: symmetric` is PyTorch's: as many zeros on every side. It differs from `same` only where there is a stride.
    """
    x, padding_mode = padded(x, kernel, stride, padding, name)
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=padding_mode,
        dilation_rate=dilation_rate,
        groups=groups,
        use_bias=bias,
        kernel_initializer=initializer,
        name=f"{name}/conv",
    )(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=f"{name}/bn")(x)
    return activate(x, activation, name)


def padded(x: Tensor, kernel: int, stride: int, padding: Padding, name: str) -> tuple[Tensor, Literal["same", "valid"]]:
    """What a convolution with a stride reads, and the padding it then has itself."""
    if padding == "same" or stride == 1 or kernel == 1:  # without a stride the two are one
        return x, "same"
    if kernel % 2 == 0:
        raise Problem(f"a kernel of {kernel} has no middle to pad round", "Use an odd kernel, or padding same")
    return layers.ZeroPadding2D(kernel // 2, name=f"{name}/pad")(x), "valid"


def activate(x: Tensor, activation: Activation, name: str) -> Tensor:
    """The activation by its name, as a layer of its own."""
    if activation == "none":
        return x
    if activation in ("hard_swish", "gelu", "silu"):
        return layers.Activation(activation, name=f"{name}/{activation}")(x)
    if activation == "leaky_relu":
        return layers.ReLU(negative_slope=LEAKY_SLOPE, name=f"{name}/{activation}")(x)
    return layers.ReLU(max_value=6.0 if activation == "relu6" else None, name=f"{name}/{activation}")(x)


EXAMPLES = [
    ((33, 33, 8), {"filters": 12, "stride": 2}),
    ((32, 33, 8), {"filters": 12, "stride": 2, "padding": "symmetric", "activation": "leaky_relu"}),
    ((14, 15, 8), {"filters": 12, "dilation_rate": (2, 3), "activation": "relu6"}),
    ((9, 9, 8), {"filters": 12, "kernel": 1, "groups": 4, "activation": "none"}),
    ((14, 15, 8), {"filters": 12, "bias": True, "activation": "hard_swish"}),
]
