"""What the losses of masks need: the target of each class at each pixel, and which pixels count."""

from __future__ import annotations

from typing import Any

from archspec.datasets import IGNORE

MASK_AXES = 4  # of labels that are masks: (N, H, W, classes)
FOREGROUND = 1


def mask_targets(logits: Any, labels: Any) -> tuple[Any, Any]:
    """`(targets, counted)`, both `(N, H, W, C)` float32, from masks `(N, H, W, C)` or classes `(N, H, W)`.

    Of classes each has its own mask; with one score it is that of class 1. An ignored pixel has target 0 and counts 0.
    """
    from archspec.lower import tf

    if len(labels.shape) != MASK_AXES:
        known = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)[..., None]
        count = logits.shape[-1]
        classes = tf.equal(labels, FOREGROUND)[..., None] if count == 1 else tf.one_hot(labels, count, True, False)
        return tf.cast(classes, tf.float32), known * tf.ones_like(logits)
    counted = tf.cast(tf.not_equal(labels, IGNORE), tf.float32)
    return tf.cast(tf.equal(labels, 1), tf.float32), counted


def mask_cross_entropy(logits: Any, labels: Any, class_weights: Any) -> tuple[Any, Any, Any]:
    """`(losses, targets, counted)`, each `(N, H, W, C)`: the binary cross-entropy, 0 where nothing counts."""
    from archspec.lower import tf

    targets, counted = mask_targets(logits, labels)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits) * counted
    return (losses if class_weights is None else losses * class_weights), targets, counted
