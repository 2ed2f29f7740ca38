"""Mean intersection over union of the classes that are there or are predicted."""

from __future__ import annotations

from archspec.arrays import Array
from archspec.scoring.metrics._confusion import class_iou
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import mean_of_known

NAME, COLUMN = "mIoU", "IoU"


def miou(counts: Counts) -> float:
    """The mean over classes; NaN when there are none."""
    return mean_of_known(per_class(counts))


def per_class(counts: Counts) -> Array:
    """Intersection over union of each label `(labels,)`; NaN for one that does not count or does not occur."""
    return class_iou(counts.matrix, counts.labels.counted)
