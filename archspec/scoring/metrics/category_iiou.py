"""Mean instance-weighted intersection over union of the categories in which every class has instances."""

from __future__ import annotations

import numpy as np

from archspec.scoring.metrics._confusion import false_positives
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import mean_of_known

NAME, COLUMN = "category iIoU", "iIoU"


def category_iiou(counts: Counts) -> float | None:
    """The mean over categories; NaN when none occurs, None where instances or categories are not counted."""
    if counts.instances is None or not counts.labels.categories:
        return None
    return mean_of_known(np.array(list(per_category(counts).values())))


def per_category(counts: Counts) -> dict[str, float]:
    """iTP / (iTP + FP + iFN) of each category; as the organisers do, a class that does not count belongs to it here,
    when it is predicted."""
    if counts.instances is None:
        return {}
    labels, sums = counts.labels, counts.instances
    found = {}
    for name in labels.instance_category_names():
        group = labels.in_category(name)
        hits, misses = sums.category_hits[group].sum(), sums.category_misses[group].sum()
        union = hits + misses + false_positives(counts.matrix, group, labels.counted & ~group)
        found[name] = float(hits / union) if union else float("nan")
    return found
