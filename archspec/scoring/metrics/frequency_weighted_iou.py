"""Intersection over union of the classes, each weighted by its share of the true pixels."""

from __future__ import annotations

import numpy as np

from archspec.scoring.metrics._confusion import class_iou
from archspec.scoring.metrics._counts import Counts

NAME = "frequency-weighted IoU"


def frequency_weighted_iou(counts: Counts) -> float:
    """NaN when no pixel counts."""
    counted = counts.labels.counted
    pixels = np.where(counted, counts.matrix.sum(axis=1), 0)
    if not pixels.sum():
        return float("nan")
    ious = np.nan_to_num(class_iou(counts.matrix, counted))  # unknown only where there are no pixels
    return float((pixels * ious).sum() / pixels.sum())
