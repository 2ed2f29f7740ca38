"""The confusion matrix that every score of labels is read from."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def confusion(truth: Array, predicted: Array, classes: int) -> Array:
    """Pixels by true class (row) and predicted class (column): `(classes, classes)`, int64.

    Both are integer arrays of one shape. Pixels whose true label is not a class (the ignored ones) are left out.
    Raises `ValueError` when a counted pixel is predicted as something that is not a class.
    """
    truth, predicted = truth.ravel(), predicted.ravel()
    counted = truth < classes
    truth, predicted = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    if predicted.size and not 0 <= int(predicted.min()) <= int(predicted.max()) < classes:
        raise ValueError(f"predicted labels must be 0 to {classes - 1} ({predicted.min()} to {predicted.max()} found)")
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def class_iou(matrix: Array) -> Array:
    """Intersection over union of each class `(classes,)`, float64; NaN for one that is neither there nor predicted."""
    hits = np.diagonal(matrix).astype(np.float64)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    return np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)
