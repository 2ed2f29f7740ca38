"""Mean instance-weighted intersection over union of the classes that have instances (iIoU of Cityscapes)."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._confusion import false_positives
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import mean_of_known

NAME, COLUMN = "iIoU", "iIoU"


def iiou(counts: Counts) -> float | None:
    """The mean over classes; NaN when none occurs, None where instances are not counted."""
    return None if counts.instances is None else mean_of_known(per_class(counts))


def per_class(counts: Counts) -> Array:
    """iTP / (iTP + FP + iFN) of each label `(labels,)`; NaN for one without instances or that does not count.

    Hits and misses are of instances only and weighted by (usual size of the class) / (size of the instance); false
    positives are the plain pixels of the class's IoU, for they belong to no instance.
    """
    found = np.full(len(counts.labels), np.nan)
    if counts.instances is None:
        return found
    counted = counts.labels.counted
    for label in counts.labels.usual_sizes:
        own = np.arange(len(counts.labels)) == label
        hits, misses = counts.instances.hits[label], counts.instances.misses[label]
        union = hits + misses + false_positives(counts.matrix, own, counted & ~own)
        if counted[label] and union:
            found[label] = hits / union
    return found
