"""Convolution, batch norm, activation: (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), filters)."""

from typing import Annotated, Literal

from archspec.graph import Range, Tensor, layers

Activation = Literal["relu", "relu6", "none"]


def conv_bn(
    x: Tensor,
    *,
    filters: Annotated[int, Range(ge=1)],
    kernel: Annotated[int, Range(ge=1)] = 3,
    stride: Annotated[int, Range(ge=1)] = 1,
    dilation_rate: int | tuple[int, int] = 1,
    groups: Annotated[int, Range(ge=1)] = 1,
    activation: Activation = "relu",
    momentum: Annotated[float, Range(gt=0, lt=1)] = 0.997,
    epsilon: Annotated[float, Range(gt=0)] = 1e-3,
    initializer: str = "glorot_uniform",
    name: str,
) -> Tensor:
    """No bias: the batch norm has one."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        dilation_rate=dilation_rate,
        groups=groups,
        use_bias=False,
        kernel_initializer=initializer,
        name=f"{name}/conv",
    )(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=f"{name}/bn")(x)
    return activate(x, activation, name)


def activate(x: Tensor, activation: Activation, name: str) -> Tensor:
    """The activation by its name, as a layer of its own."""
    if activation == "none":
        return x
    return layers.ReLU(max_value=6.0 if activation == "relu6" else None, name=f"{name}/{activation}")(x)


EXAMPLES = [
    ((33, 33, 8), {"filters": 12, "stride": 2}),
    ((14, 15, 8), {"filters": 12, "dilation_rate": (2, 3), "activation": "relu6"}),
    ((9, 9, 8), {"filters": 12, "kernel": 1, "groups": 4, "activation": "none"}),
]
