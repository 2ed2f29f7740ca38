"""Class scores of the whole image: its mean features, a linear map: (N, H, W, C) -> (N, classes)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

READS = "features"


def pooled_classifier(
    x: Tensor, *, classes: int = 1000, dropout: Annotated[float, Range(ge=0, lt=1)] = 0.0, name: str
) -> Tensor:
    """Global average pooling, dropout, a dense layer; it needs `classifier: none` and `decoder: none` after it."""
    pooled = layers.GlobalAveragePooling2D(name=f"{name}/mean")(x)
    vector = layers.Reshape((x.channels,), name=f"{name}/vector")(pooled)
    if dropout:
        vector = layers.Dropout(dropout, name=f"{name}/dropout")(vector)
    return layers.Dense(classes, kernel_initializer="truncated_normal(0.01)", name=f"{name}/logits")(vector)


EXAMPLES = [((7, 8, 6), {"classes": 5}), ((7, 8, 6), {"classes": 5, "dropout": 0.2})]
