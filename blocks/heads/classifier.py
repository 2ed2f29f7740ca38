"""Logits by a convolution, 1×1 unless told otherwise: (N, H, W, C) -> (N, H, W, classes)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

READS = "features"


def classifier(
    x: Tensor,
    *,
    classes: int = 19,
    kernel: Annotated[int, Range(ge=1)] = 1,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.0,
    name: str,
) -> Tensor:
    """With a bias, without batch norm or activation; the papers' heads have their dropout inside."""
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}/dropout")(x)
    padding = "valid" if kernel == 1 else "same"
    return layers.Conv2D(
        classes, kernel, padding=padding, kernel_initializer="truncated_normal(0.01)", name=f"{name}/logits"
    )(x)


EXAMPLES = [((14, 15, 8), {"dropout": 0.1}), ((14, 15, 8), {"kernel": 3}), ((14, 15, 8), {})]
