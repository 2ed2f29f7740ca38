"""Batch norm and an activation with no convolution before them: (N, H, W, C) -> (N, H, W, C)."""

from typing import Annotated

from archspec.blocks.units._pytorch import EPSILON, MOMENTUM
from archspec.blocks.units.conv_bn import Activation, activate
from archspec.graph import Range, Tensor, layers


def batch_norm(
    x: Tensor,
    *,
    activation: Activation = "relu",
    momentum: Annotated[float, Range(gt=0, lt=1)] = MOMENTUM,
    epsilon: Annotated[float, Range(gt=0)] = EPSILON,
    name: str,
) -> Tensor:
    """For pre-activated networks."""
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=f"{name}/bn")(x)
    return activate(x, activation, name)


EXAMPLES = [((14, 15, 8), {}), ((9, 9, 8), {"activation": "none"})]
