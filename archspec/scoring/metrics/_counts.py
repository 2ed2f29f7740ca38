"""Everything that is counted over the images of a data set, in one pass; every score is read off it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from archspec.arrays import Array
from archspec.scoring.metrics._boundary import BoundarySums, count_boundaries
from archspec.scoring.metrics._confusion import confusion, confusion_of_runs, runs
from archspec.scoring.metrics._instances import InstanceSums, count_instances
from archspec.scoring.metrics._labels import Labels
from archspec.scoring.metrics._masks import MaskSums


@dataclass(frozen=True, slots=True)
class Counts:
    """`matrix` is the confusion matrix `(labels, labels)`, int64, true label by predicted label.

    `instances`, `boundaries` and `masks` are None where they are not counted. Counts of different images add up.
    """

    labels: Labels
    images: int
    matrix: Array
    instances: InstanceSums | None = None
    boundaries: BoundarySums | None = None
    masks: MaskSums | None = None

    @property
    def overlap(self) -> bool:
        """Whether several classes may hold at a pixel: masks of all classes are counted then, and nothing else."""
        return self.masks is not None and len(self.masks.both) == len(self.labels)

    @classmethod
    def none(cls, labels: Labels, *, instances: bool = False, boundaries: bool = False, masks: int = 0) -> Counts:
        """Of no image. `masks` is how many are counted by themselves: one of each label, or the last label's."""
        size = len(labels)
        return cls(
            labels,
            0,
            np.zeros((size, size), np.int64),
            InstanceSums.none(size) if instances else None,
            BoundarySums.none(size) if boundaries else None,
            MaskSums.none(masks) if masks else None,
        )

    def plus(self, truth: Array, predicted: Array, instances: Array | None = None) -> Counts:
        """With one more image: label maps `(H, W)`, and instance numbers `(H, W)` where instances are counted; where
        classes overlap, masks `(H, W, classes)`.

        A true label beyond the known ones is ignored. Raises `ValueError` for a predicted one, `Problem` for an
        instance that cannot be.
        """
        size = len(self.labels)
        if self.masks is not None and self.overlap:
            return replace(self, masks=self.masks.plus(truth, predicted), images=self.images + 1)
        if self.instances is None or instances is None:
            found = replace(self, matrix=self.matrix + confusion(truth, predicted, size))
        else:
            (true, said, numbers), lengths = runs(truth, predicted, instances)
            matrix = self.matrix + confusion_of_runs(true, said, lengths, size)
            sums = self.instances + count_instances(numbers, said, lengths, self.labels)
            found = replace(self, matrix=matrix, instances=sums)
        if self.boundaries is not None:
            edges = count_boundaries(truth, predicted, self.labels.counted)
            found = replace(found, boundaries=self.boundaries + edges)
        if self.masks is not None:
            last = np.where(truth < size, truth == size - 1, 255)
            found = replace(found, masks=self.masks.plus(last[..., None], predicted[..., None] == size - 1))
        return replace(found, images=self.images + 1)

    def __add__(self, other: Counts) -> Counts:
        """Of the images of both; counted is what both count."""
        return Counts(
            self.labels,
            self.images + other.images,
            self.matrix + other.matrix,
            None if self.instances is None or other.instances is None else self.instances + other.instances,
            None if self.boundaries is None or other.boundaries is None else self.boundaries + other.boundaries,
            None if self.masks is None or other.masks is None else self.masks + other.masks,
        )
