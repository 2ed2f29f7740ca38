"""Lovász-Softmax: a convex surrogate of the mean IoU of the batch (arXiv:1705.08790)."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._pixels import labelled_pixels


def lovasz_softmax(
    logits: Any, labels: Any, class_weights: Any, *, pixel_stride: Annotated[int, Range(ge=1)] = 1
) -> Any:
    """The mean over the classes that the batch's labels hold, weighted by class; 0 where no pixel is labelled.

    Of a class: the errors |1[label is it] - p| in falling order, times the gradient of the Lovász extension of the
    Jaccard loss at that order, which has no derivative of its own.

    Args:
        pixel_stride: only every so many rows and columns are looked at. All errors are sorted, once a class, which on
            a processor takes longer than the network; logits upsampled from stride 4 hardly differ within 4 pixels.
    """
    from archspec.lower import tf

    top, left = (min(pixel_stride // 2, side - 1) for side in logits.shape[1:3])  # of a small map not nothing
    logits = logits[:, top::pixel_stride, left::pixel_stride]
    labels = labels[:, top::pixel_stride, left::pixel_stride]
    probabilities, labels = labelled_pixels(logits, labels)
    terms, weights = [], []
    for number in range(logits.shape[-1]):
        foreground = tf.cast(tf.equal(labels, number), tf.float32)
        errors = tf.abs(foreground - probabilities[:, number])
        order = tf.argsort(tf.stop_gradient(errors), direction="DESCENDING", stable=True)
        gradient = tf.stop_gradient(_jaccard_gradient(tf.gather(foreground, order)))
        present = tf.cast(tf.reduce_sum(foreground) > 0, tf.float32)
        weight = present if class_weights is None else present * class_weights[number]
        terms.append(weight * tf.reduce_sum(tf.gather(errors, order) * gradient))
        weights.append(present)
    return tf.math.divide_no_nan(tf.add_n(terms), tf.add_n(weights))


def _jaccard_gradient(foreground: Any) -> Any:
    """How much each error, the largest first, adds to 1 - intersection / union (Algorithm 1 of the paper)."""
    from archspec.lower import tf

    total = tf.reduce_sum(foreground)
    intersection = total - tf.cumsum(foreground)
    union = total + tf.cumsum(1.0 - foreground)
    jaccard = 1.0 - tf.math.divide_no_nan(intersection, union)
    return tf.concat([jaccard[:1], jaccard[1:] - jaccard[:-1]], 0)
