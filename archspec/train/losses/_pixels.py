"""What several losses need: the cross-entropy of each pixel, and means over the labelled ones."""

from __future__ import annotations

from typing import Any

from archspec.datasets import IGNORE


def pixel_cross_entropy(logits: Any, labels: Any, class_weights: Any, label_smoothing: float = 0.0) -> tuple[Any, Any]:
    """`(losses, counted)`, both `(N, H, W)` float32; an ignored pixel has loss 0 and counts 0.

    Of labels of whole images, `(N,)`, all count: no number stands for an ignored one.
    """
    from archspec.lower import tf

    labelled = tf.not_equal(labels, IGNORE) if len(labels.shape) > 1 else tf.ones_like(labels, tf.bool)
    counted = tf.cast(labelled, tf.float32)
    classes = tf.where(labelled, labels, 0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
    if label_smoothing:
        even = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
        losses = (1 - label_smoothing) * losses + label_smoothing * even
    if class_weights is not None:
        losses *= tf.gather(class_weights, classes)
    return losses * counted, counted


def mean_over(losses: Any, counted: Any) -> Any:
    """The sum over the number of counted pixels; 0 where none is."""
    from archspec.lower import tf

    return tf.math.divide_no_nan(tf.reduce_sum(losses), tf.reduce_sum(counted))


def labelled_pixels(logits: Any, labels: Any) -> tuple[Any, Any]:
    """Probabilities `(P, C)` and labels `(P,)` of the labelled pixels."""
    from archspec.lower import tf

    labelled = tf.not_equal(labels, IGNORE)
    return tf.nn.softmax(tf.boolean_mask(logits, labelled)), tf.boolean_mask(labels, labelled)
