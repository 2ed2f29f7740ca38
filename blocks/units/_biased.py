"""Convolutions with a bias and a batch norm behind it, as TFSegmentation's networks (ShuffleSeg) have them."""

from functools import partial

from archspec.blocks.units.conv_bn import Activation, Padding, activate, conv_bn, padded
from archspec.graph import Tensor, layers

MOMENTUM, EPSILON = 0.99, 1e-3  # tf.layers.batch_normalization's own
biased_conv_bn = partial(conv_bn, bias=True, momentum=MOMENTUM, epsilon=EPSILON)


def biased_depthwise_bn(
    x: Tensor,
    *,
    stride: int = 1,
    dilation_rate: int | tuple[int, int] = 1,
    padding: Padding = "same",
    activation: Activation = "none",
    name: str,
) -> Tensor:
    """3×3. `padding: symmetric` puts a zero on every side, where SAME may pad an even map at its end alone."""
    x, padding_mode = padded(x, 3, stride, padding, name)
    x = layers.DepthwiseConv2D(3, strides=stride, padding=padding_mode, dilation_rate=dilation_rate, name=f"{name}/dw")(
        x
    )
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)
    return activate(x, activation, name)
