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
    """The weighted mean over the hardest pixels of the batch, at least one; 0 where no pixel is labelled.

    How hard a pixel is, its own cross-entropy says, without its class's weight: the hardest have the lowest
    probability of their class. Of those taken, the weighted losses are summed and divided by their number.

    Args:
        fraction: the share of the labelled pixels that is taken, the hardest first.
        threshold: also taken is every pixel whose class has a lower probability than this (0.7 is usual).
    """
    from archspec.lower import tf

    losses, counted = pixel_cross_entropy(logits, labels, class_weights)
    plain = losses if class_weights is None else pixel_cross_entropy(logits, labels, None)[0]
    labelled = counted > 0
    losses, hardness = tf.boolean_mask(losses, labelled), tf.stop_gradient(tf.boolean_mask(plain, labelled))
    count = tf.size(losses)
    taken = tf.maximum(tf.cast(tf.cast(count, tf.float32) * fraction, tf.int32), 1)
    if threshold is not None:
        taken = tf.maximum(taken, tf.reduce_sum(tf.cast(tf.exp(-hardness) < threshold, tf.int32)))
    order = tf.argsort(hardness, direction="DESCENDING", stable=True)
    hardest = tf.gather(losses, order[: tf.minimum(taken, count)])
    return tf.math.divide_no_nan(tf.reduce_sum(hardest), tf.cast(tf.size(hardest), tf.float32))
