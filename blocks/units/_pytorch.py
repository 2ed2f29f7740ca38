"""Convolutions with the batch norm that networks written in PyTorch have: momentum 0.1 there is 0.9 here."""

from functools import partial
from typing import Any, Literal

from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.depthwise_bn import depthwise_bn

MOMENTUM, EPSILON = 0.9, 1e-5
INITIALIZER = "he_normal"
torch_conv_bn = partial(conv_bn, momentum=MOMENTUM, epsilon=EPSILON, initializer=INITIALIZER)
torch_depthwise_bn = partial(depthwise_bn, momentum=MOMENTUM, epsilon=EPSILON, initializer=INITIALIZER)

Conventions = Literal["tensorflow", "pytorch"]  # of a unit that networks of both were published with


def conventions_of(name: Conventions, initializer: str) -> dict[str, Any]:
    """Arguments of `conv_bn` and `depthwise_bn`: TensorFlow's conventions with this initializer, or PyTorch's."""
    if name == "tensorflow":
        return {"initializer": initializer}
    return {"padding": "symmetric", "momentum": MOMENTUM, "epsilon": EPSILON, "initializer": INITIALIZER}
