"""The confusion matrix that scores of labels are read from.

Neighbouring pixels that agree are counted as one run with a length: label maps have few edges.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from archspec.arrays import Array

WORTH_IT = 8  # pixels a run, on the mean; below, cutting into runs costs more than it saves


def confusion(truth: Array, predicted: Array, classes: int) -> Array:
    """Pixels by true class (row) and predicted class (column): `(classes, classes)`, int64.

    Both are integer arrays of one shape, none negative. Pixels whose true label is not a class (the ignored ones) are
    left out. Raises `ValueError` when a counted pixel is predicted as something that is not a class.
    """
    (truth, predicted), lengths = runs(truth, predicted)
    return confusion_of_runs(truth, predicted, lengths, classes)


def confusion_of_runs(truth: Array, predicted: Array, lengths: Array | None, classes: int) -> Array:
    """The same of runs of pixels `(runs,)`; without `lengths`, of pixels `(pixels,)`."""
    if predicted.size and not 0 <= int(predicted.min()) <= int(predicted.max()) < classes:
        counted = truth < classes
        truth, predicted = truth[counted], predicted[counted]
        lengths = None if lengths is None else lengths[counted]
        _check(predicted, classes)
    # One row more than there are classes, for the ignored: counting them costs less than leaving them out.
    pairs: Array = np.minimum(truth, classes).astype(np.uint16 if classes < 256 else np.int64)
    pairs *= classes
    pairs += predicted.astype(pairs.dtype)
    return count(pairs, lengths, (classes + 1) * classes)[: classes * classes].reshape(classes, classes)


def class_iou(matrix: Array, scored: Array | None = None) -> Array:
    """Intersection over union of each class `(classes,)`, float64; NaN for one that is neither there nor predicted.

    `scored` `(classes,)`, bool, says which labels count (None: all). The others' own score is NaN, and a pixel of
    theirs is nobody's false positive; but where a class is predicted as one of them, that is a miss.
    """
    return ratio_of_union(matrix, np.eye(len(matrix), dtype=bool), scored)


def ratio_of_union(matrix: Array, groups: Iterable[Array], scored: Array | None = None) -> Array:
    """Intersection over union of each group of labels `(groups,)`; a group is `(labels,)`, bool."""
    counted = np.ones(len(matrix), bool) if scored is None else scored
    found = [_group_iou(matrix, group & counted, counted & ~group) for group in groups]
    return np.array(found, np.float64)


def false_positives(matrix: Array, group: Array, others: Array) -> int:
    """Pixels of the labels `others` that are predicted as one of `group`; both `(labels,)`, bool."""
    return int(matrix[np.ix_(others, group)].sum())


def _group_iou(matrix: Array, group: Array, others: Array) -> float:
    hits = int(matrix[np.ix_(group, group)].sum())
    union = int(matrix[group].sum()) + false_positives(matrix, group, others)
    return hits / union if union else float("nan")


def _check(predicted: Array, classes: int) -> None:
    if predicted.size and not 0 <= int(predicted.min()) <= int(predicted.max()) < classes:
        found = f"{predicted.min()} to {predicted.max()} found"
        raise ValueError(f"predicted labels must be 0 to {classes - 1} ({found})")


def runs(*maps: Array) -> tuple[tuple[Array, ...], Array | None]:
    """Each map as a list of its values, one a run, and the runs' lengths; a run ends where any of the maps changes.

    The maps are of one shape and read row by row. Where they change too often they come back pixel by pixel, and
    lengths are None.
    """
    flat = tuple(one.ravel() for one in maps)
    if flat[0].size < 2:
        return flat, None
    changes = flat[0][1:] != flat[0][:-1]
    for one in flat[1:]:
        changes |= one[1:] != one[:-1]
    if np.count_nonzero(changes) * WORTH_IT > changes.size:
        return flat, None
    starts = np.append(0, np.flatnonzero(changes) + 1)
    return tuple(one[starts] for one in flat), np.diff(starts, append=flat[0].size)


def count(numbers: Array, lengths: Array | None, size: int) -> Array:
    """How often each number below `size` occurs, int64; a number of a run as often as the run is long."""
    if lengths is None:
        return np.bincount(numbers, minlength=size)
    return np.bincount(numbers, weights=lengths, minlength=size).astype(np.int64)  # whole numbers, exact up to 2⁵³
