"""Dice loss of masks: 1 minus the overlap of probabilities and labels of each class by itself (arXiv:1606.04797)."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._masks import mask_targets

OUTPUT = "sigmoid"


def binary_dice(
    logits: Any, labels: Any, class_weights: Any, *, smooth: Annotated[float, Range(ge=0)] = 1.0, squared: bool = False
) -> Any:
    """The mean over the classes, weighted by class: 1 - (2 Σ p y + s) / (Σ p + Σ y + s), over the batch's pixels.

    Args:
        smooth: s, in pixels; of a class that is nowhere the loss is then 1 - s / (Σ p + s).
        squared: Σ p² instead of Σ p, as in V-Net.
    """
    from archspec.lower import tf

    targets, counted = mask_targets(logits, labels)
    probabilities = tf.sigmoid(logits) * counted
    axes = (0, 1, 2)
    overlap = tf.reduce_sum(probabilities * targets, axes)
    sizes = tf.reduce_sum(probabilities**2 if squared else probabilities, axes) + tf.reduce_sum(targets, axes)
    losses = 1.0 - tf.math.divide_no_nan(2.0 * overlap + smooth, sizes + smooth)
    return tf.reduce_mean(losses if class_weights is None else losses * class_weights)
