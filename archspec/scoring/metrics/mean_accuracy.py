"""Mean over classes of the share of a class's pixels that is found (recall)."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._counts import Counts
from archspec.scoring.metrics._means import divided, mean_of_known

NAME, COLUMN = "mean accuracy", "accuracy"


def mean_accuracy(counts: Counts) -> float:
    """The mean over the classes that are there; NaN when there are none."""
    return mean_of_known(per_class(counts))


def per_class(counts: Counts) -> Array:
    """The share of each label's pixels that is found `(labels,)`; NaN for one that is not there or does not count."""
    shares = divided(counts.matrix.diagonal().astype(np.float64), counts.matrix.sum(axis=1))
    return np.where(counts.labels.counted, shares, np.nan)
