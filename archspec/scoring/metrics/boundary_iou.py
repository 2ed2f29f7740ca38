"""Mean intersection over union of the classes near their edges: within 2 % of the image's diagonal.

The published measure knows single objects and panoptic segments. This is its semantic variant, our own: a class of
an image is one mask, pixels are summed over all images (as IoU does) before they are divided, classes are averaged.
"""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import divided, mean_of_known

NAME, COLUMN = "boundary IoU", "boundary IoU"


def boundary_iou(counts: Counts) -> float | None:
    """The mean over classes; NaN when none occurs, None where boundaries are not counted."""
    return None if counts.boundaries is None else mean_of_known(per_class(counts))


def per_class(counts: Counts) -> Array:
    """Boundary IoU of each label `(labels,)`; NaN for one that does not count or does not occur."""
    sums = counts.boundaries
    if sums is None:
        return np.full(len(counts.labels), np.nan)
    shares = divided(sums.both.astype(np.float64), sums.truth + sums.predicted - sums.both)
    return np.where(counts.labels.counted, shares, np.nan)
