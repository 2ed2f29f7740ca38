"""Dice loss: 1 minus the overlap of probabilities and labels of each class (arXiv:1606.04797)."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._pixels import labelled_pixels


def dice(
    logits: Any, labels: Any, class_weights: Any, *, smooth: Annotated[float, Range(ge=0)] = 1.0, squared: bool = False
) -> Any:
    """The mean over the classes that the batch's labels hold, weighted by class: 1 - (2 Σ p y + s) / (Σ p + Σ y + s).

    Args:
        smooth: s, in pixels.
        squared: Σ p² instead of Σ p, as in V-Net.
    """
    from archspec.lower import tf

    probabilities, labels = labelled_pixels(logits, labels)
    truth = tf.one_hot(labels, logits.shape[-1])
    overlap = tf.reduce_sum(probabilities * truth, 0)
    sizes = tf.reduce_sum(probabilities**2 if squared else probabilities, 0) + tf.reduce_sum(truth, 0)
    losses = 1.0 - tf.math.divide_no_nan(2.0 * overlap + smooth, sizes + smooth)
    present = tf.cast(tf.reduce_sum(truth, 0) > 0, tf.float32)
    weighted = losses * present if class_weights is None else losses * present * class_weights
    return tf.math.divide_no_nan(tf.reduce_sum(weighted), tf.reduce_sum(present))
