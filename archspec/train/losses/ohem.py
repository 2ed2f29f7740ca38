"""Cross-entropy of the hardest pixels alone (online hard example mining; "bootstrapped" in RTSeg, with a quarter)."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._pixels import pixel_cross_entropy


def ohem(
    logits: Any,
    labels: Any,
    class_weights: Any,
    *,
    fraction: Annotated[float, Range(gt=0, le=1)] = 0.25,
    threshold: Annotated[float, Range(gt=0, lt=1)] | None = None,
) -> Any:
    """The mean over the worst pixels of the batch, at least one; 0 where no pixel is labelled.

    Args:
        fraction: the share of the labelled pixels that is taken.
        threshold: also taken is every pixel whose class has a lower probability than this (0.7 is usual).
    """
    from archspec.lower.framework import tf

    losses, counted = pixel_cross_entropy(logits, labels, class_weights)
    labelled = counted > 0
    losses = tf.boolean_mask(losses, labelled)
    count = tf.size(losses)
    least = tf.maximum(tf.cast(tf.cast(count, tf.float32) * fraction, tf.int32), 1)
    if threshold is not None:
        plain, _ = pixel_cross_entropy(logits, labels, None)
        harder = tf.exp(-tf.boolean_mask(plain, labelled)) < threshold
        least = tf.maximum(least, tf.reduce_sum(tf.cast(harder, tf.int32)))
    order = tf.argsort(tf.stop_gradient(losses), direction="DESCENDING", stable=True)
    worst = tf.gather(losses, order[: tf.minimum(least, count)])
    return tf.math.divide_no_nan(tf.reduce_sum(worst), tf.cast(tf.size(worst), tf.float32))
