"""Mean intersection over union of masks, each class by itself: the foreground's, or of classes that may overlap."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import mean_of_known

NAME, COLUMN = "binary IoU", "binary IoU"
READS_MASKS = True


def binary_iou(counts: Counts) -> float | None:
    """The mean over the masks that are there or predicted; NaN when none is, None where masks are not counted."""
    return None if counts.masks is None else mean_of_known(counts.masks.iou)


def per_class(counts: Counts) -> Array:
    """Of each label `(labels,)`; NaN for the background of a single mask, which is the last label's."""
    found = np.full(len(counts.labels), np.nan)
    if counts.masks is not None:
        found[len(found) - len(counts.masks.both) :] = counts.masks.iou
    return found
