"""Convolutions with the batch norm that networks written in PyTorch have: momentum 0.1 there is 0.9 here."""

from functools import partial

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn

MOMENTUM, EPSILON = 0.9, 1e-5
INITIALIZER = "he_normal"
torch_conv_bn = partial(conv_bn, momentum=MOMENTUM, epsilon=EPSILON, initializer=INITIALIZER)
torch_depthwise_bn = partial(depthwise_bn, momentum=MOMENTUM, epsilon=EPSILON, initializer=INITIALIZER)
