"""Logits by a 1×1 convolution: (N, H, W, C) -> (N, H, W, classes)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers


def classifier(
    x: Tensor, *, classes: int = 19, dropout: Annotated[float, Range(ge=0, lt=1)] = 0.0, name: str
) -> Tensor:
    """With a bias, without batch norm or activation; the papers' heads have their dropout inside."""
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}/dropout")(x)
    return layers.Conv2D(classes, 1, kernel_initializer="truncated_normal(0.01)", name=f"{name}/logits")(x)


EXAMPLES = [((14, 15, 8), {"dropout": 0.1}), ((14, 15, 8), {})]
