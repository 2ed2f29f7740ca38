"""Cross-entropy of each labelled pixel, weighted by its class, averaged over the labelled pixels."""

from typing import Annotated, Any

from archspec.graph import Range
from archspec.train.losses._pixels import mean_over, pixel_cross_entropy

OF_IMAGES = True  # also of labels that are one number an image


def cross_entropy(
    logits: Any, labels: Any, class_weights: Any, *, label_smoothing: Annotated[float, Range(ge=0, lt=1)] = 0.0
) -> Any:
    """Of label maps, or of one label an image. Weights do not change what is divided by, as in TensorFlow 1's
    SUM_BY_NONZERO_WEIGHTS, which the papers use.

    Args:
        label_smoothing: the share of the target that is spread evenly over all classes.
    """
    losses, counted = pixel_cross_entropy(logits, labels, class_weights, label_smoothing)
    return mean_over(losses, counted)
