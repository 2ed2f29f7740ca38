"""Convolutions with a bias and a batch norm behind it, as TFSegmentation's networks (ShuffleSeg) have them."""

from functools import partial

from archspec.blocks.units.conv_bn import Activation, activate, conv_bn
from archspec.graph import Tensor, layers

MOMENTUM, EPSILON = 0.99, 1e-3  # tf.layers.batch_normalization's own
biased_conv_bn = partial(conv_bn, bias=True, momentum=MOMENTUM, epsilon=EPSILON)


def biased_depthwise_bn(
    x: Tensor,
    *,
    stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    symmetric: bool = False,
    activation: Activation = "none",
    name: str,
) -> Tensor:
    """3×3, depthwise. `symmetric` pads a zero on every side; SAME pads a map of even length at its end alone."""
    padding = "same"
    if symmetric and stride != 1:  # at stride 1 the two are one
        x, padding = layers.ZeroPadding2D(1, name=f"{name}/pad")(x), "valid"
    x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, dilation_rate=dilation_rate, name=f"{name}/dw")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)
    return activate(x, activation, name)
