"""Binary cross-entropy of each class by itself, averaged over the labelled pixels and the classes."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._masks import mask_cross_entropy
from archspec.train.losses._pixels import mean_over

OUTPUT = "sigmoid"


def binary_cross_entropy(
    logits: Any, labels: Any, class_weights: Any, *, positive_weight: Annotated[float, Range(gt=0)] = 1.0
) -> Any:
    """-(w y log p + (1 - y) log(1 - p)).

    Args:
        positive_weight: w, what a pixel of the class counts beside one that is not: above 1 for small things.
    """
    losses, targets, counted = mask_cross_entropy(logits, labels, class_weights)
    return mean_over(losses * (1.0 + (positive_weight - 1.0) * targets), counted)
