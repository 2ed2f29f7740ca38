"""What each instance of the truth is predicted as, weighted so that small ones count as much as large ones.

Source: Cordts et al., The Cityscapes Dataset (arXiv:1604.01685), section 4.1, and cityscapesScripts 2.3.0,
evalPixelLevelSemanticLabeling.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.scoring.metrics._confusion import count
from archspec.scoring.metrics._labels import Labels

PER_LABEL = 1000
"""An instance's number is its label times this, plus a count; smaller numbers are labels: what is no single instance
(a group of cars, the sky)."""


@dataclass(frozen=True, slots=True)
class InstanceSums:
    """Pixels of instances by their label `(labels,)`, float64, each weighted by (usual size of its label) / (own size).

    `hits` and `misses` go by the label, `category_hits` and `category_misses` by whether the prediction is any label
    of its category.
    """

    hits: Array
    misses: Array
    category_hits: Array
    category_misses: Array

    @classmethod
    def none(cls, labels: int) -> InstanceSums:
        """Of no image."""
        return cls(*(np.zeros(labels) for _ in range(4)))

    def __add__(self, other: InstanceSums) -> InstanceSums:
        return InstanceSums(
            self.hits + other.hits,
            self.misses + other.misses,
            self.category_hits + other.category_hits,
            self.category_misses + other.category_misses,
        )


def count_instances(instances: Array, predicted: Array, lengths: Array | None, labels: Labels) -> InstanceSums:
    """The sums of one image: instance numbers and predicted labels of its runs of pixels `(runs,)`, and their lengths.

    Without `lengths` they are of its pixels. Raises `Problem` for an instance of a label that is scored and has none.
    """
    single = np.flatnonzero(instances > PER_LABEL)
    numbers, predicted = instances[single], predicted[single]
    if not numbers.size:
        return InstanceSums.none(len(labels))
    present, order = _numbered(numbers)
    size = len(labels)
    pairs: Array = order[numbers]
    pairs *= size
    pairs += predicted
    weights = None if lengths is None else lengths[single]
    by_number = count(pairs, weights, len(present) * size).reshape(-1, size)
    return _weighted(by_number, by_number.sum(axis=1), present // PER_LABEL, labels)


def _numbered(numbers: Array) -> tuple[Array, Array]:
    """The numbers that occur, in order, and the place of each in that order, by number."""
    occurs = np.zeros(int(numbers.max()) + 1, bool)
    occurs[numbers] = True
    present = np.flatnonzero(occurs)
    order = np.zeros(len(occurs), np.int64)
    order[present] = np.arange(len(present))
    return present, order


def _weighted(predicted: Array, sizes: Array, label: Array, labels: Labels) -> InstanceSums:
    """From what each instance is predicted as `(instances, labels)`, its size and its label `(instances,)`."""
    _check(label, labels)
    counted = np.asarray(labels.scored)[label]
    predicted, sizes, label = predicted[counted], sizes[counted], label[counted]
    weights = np.array([labels.usual_sizes[int(one)] for one in label]) / sizes
    hits = np.take_along_axis(predicted, label[:, None], axis=1)[:, 0]
    category_hits = (predicted * labels.same_category()[label]).sum(axis=1)
    return InstanceSums(*(
        np.bincount(label, weights=weights * pixels, minlength=len(labels))
        for pixels in (hits, sizes - hits, category_hits, sizes - category_hits)
    ))  # fmt: skip


def _check(label: Array, labels: Labels) -> None:
    beyond = label[label >= len(labels)]
    if beyond.size:
        raise Problem(f"an instance of label {beyond[0]}, which does not exist", f"Labels are 0 to {len(labels) - 1}")
    for one in np.unique(label):
        if labels.scored[one] and int(one) not in labels.usual_sizes:
            names = ", ".join(labels.names[number] for number in labels.usual_sizes)
            raise Problem(f"an instance of '{labels.names[one]}', which has none", f"Labels with instances: {names}")
