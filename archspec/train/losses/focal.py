"""Focal loss: binary cross-entropy in which pixels that are right already count little (arXiv:1708.02002)."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._masks import mask_cross_entropy
from archspec.train.losses._pixels import mean_over

OUTPUT = "sigmoid"
SMALLEST = 1e-7  # a power below 1 has no slope at 0


def focal(
    logits: Any,
    labels: Any,
    class_weights: Any,
    *,
    gamma: Annotated[float, Range(ge=0)] = 2.0,
    alpha: Annotated[float, Range(ge=0, le=1)] = 0.25,
) -> Any:
    """-α (1 - p)^γ log p where the class is, -(1 - α) p^γ log(1 - p) where it is not; the mean over labelled pixels
    and classes.

    Args:
        gamma: γ, how much less pixels that are right count.
        alpha: α, what pixels of the class count; the others 1 - α.
    """
    from archspec.lower import tf

    losses, targets, counted = mask_cross_entropy(logits, labels, class_weights)
    probabilities = tf.sigmoid(logits)
    wrong = tf.maximum(targets * (1.0 - probabilities) + (1.0 - targets) * probabilities, SMALLEST)
    sides = targets * alpha + (1.0 - targets) * (1.0 - alpha)
    return mean_over(losses * sides * wrong**gamma, counted)
