"""Pixels of masks that may overlap: of each class by itself in the truth, in the prediction, and in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._means import divided

_IGNORE = 255


@dataclass(frozen=True, slots=True)
class MaskSums:
    """Pixels by class `(classes,)`, int64: of both masks at once, of the truth, of the prediction."""

    both: Array
    truth: Array
    predicted: Array

    @classmethod
    def none(cls, classes: int) -> MaskSums:
        """Of no image."""
        return cls(*(np.zeros(classes, np.int64) for _ in range(3)))

    def plus(self, truth: Array, predicted: Array) -> MaskSums:
        """With one more image: masks `(H, W, classes)` of 0 and 1; what is 255 in the truth is not asked."""
        asked = truth != _IGNORE
        true, said = (truth == 1) & asked, (predicted != 0) & asked
        counts = [np.count_nonzero(one, (0, 1)) for one in (true & said, true, said)]
        return self + MaskSums(*counts)

    def __add__(self, other: MaskSums) -> MaskSums:
        return MaskSums(self.both + other.both, self.truth + other.truth, self.predicted + other.predicted)

    @property
    def iou(self) -> Array:
        """Intersection over union of each class `(classes,)`; NaN for one that is nowhere."""
        return divided(self.both.astype(np.float64), self.truth + self.predicted - self.both)
