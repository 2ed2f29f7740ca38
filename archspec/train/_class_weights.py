"""The weight of each class in a loss, given or counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from archspec.datasets import Dataset
from archspec.train._recipe import Stage

Array = np.ndarray[Any, Any]


def class_weights(stage: Stage, dataset: Dataset) -> tuple[float, ...] | None:
    """The weights of a stage; None where all classes count alike. `inverse_log` reads every label of the split.

    Raises `UserError` for labels that cannot be read.
    """
    asked = stage.class_weights
    if asked is None:
        return None
    if asked.inverse_log is not None:
        shares = class_shares(dataset, stage.split)
        return tuple(float(weight) for weight in 1.0 / np.log(asked.inverse_log + shares))
    return asked.values


def class_shares(dataset: Dataset, split: str) -> Array:
    """Each class's share of the labelled pixels of a split."""
    counts = np.zeros(256, np.int64)
    for example in dataset.examples(split):
        counts += np.bincount(dataset.read_label(example).ravel(), minlength=256)
    shares: Array = counts[: len(dataset.classes)] / max(1, counts[: len(dataset.classes)].sum())
    return shares
