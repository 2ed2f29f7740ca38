"""Scores of the classes by a 1×1 convolution: (N, H, W, C) -> (N, H, W, classes)."""

from archspec.blocks.units._biased import EPSILON, MOMENTUM
from archspec.graph import Tensor, layers

READS = "features"


def scores(x: Tensor, *, batch_norm: bool = False, classes: int = 19, name: str) -> Tensor:
    """With a bias, and a batch norm behind it if wanted; linear."""
    x = layers.Conv2D(classes, 1, name=f"{name}/conv")(x)
    if not batch_norm:
        return x
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}/bn")(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {}), ((14, 15, 8), {"batch_norm": True})]
