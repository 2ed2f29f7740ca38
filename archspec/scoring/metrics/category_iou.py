"""Mean intersection over union of categories: a pixel is right when its predicted class is of the right category."""

from __future__ import annotations

import numpy as np

from archspec.scoring.metrics._confusion import ratio_of_union
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import mean_of_known

NAME, COLUMN = "category IoU", "IoU"


def category_iou(counts: Counts) -> float | None:
    """The mean over categories; NaN when none occurs, None where there are no categories."""
    found = per_category(counts)
    return mean_of_known(np.array(list(found.values()))) if found else None


def per_category(counts: Counts) -> dict[str, float]:
    """Intersection over union of each category.

    A pixel whose true class does not count is nobody's false positive; a class that does not count is of no category
    when it is predicted.
    """
    names = counts.labels.category_names()
    groups = (counts.labels.in_category(name) for name in names)
    ious = ratio_of_union(counts.matrix, groups, counts.labels.counted)
    return dict(zip(names, ious.tolist(), strict=True))
