"""Crops around pixels of chosen classes: which image, and which of its pixels."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from archspec.datasets._contract import Dataset
from archspec.errors import Fault, UserError, nearest

Array = np.ndarray[Any, Any]
Point = tuple[int, int]

FEWEST_PIXELS = 100  # an image has a class from here on: specks would be drawn as often as what can be learnt from
_THREADS = 4


def class_numbers(names: tuple[str, ...], dataset: Dataset) -> tuple[int, ...]:
    """The numbers of classes. Raises `UserError` for a name that the data set does not have."""
    known = dataset.classes.names
    faults = [
        Fault(f"{dataset.name} has no class '{name}'", nearest(name, known), "focus_classes", dataset.place)
        for name in names
        if name not in known
    ]
    if faults:
        raise UserError(faults)
    return tuple(known.index(name) for name in names)


class Focus:
    """Which images have which of the classes; every label of the split is read once to know it."""

    def __init__(self, classes: tuple[int, ...], images: int, label: Callable[[int], Array]) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            counts = np.stack(
                list(pool.map(lambda index: np.bincount(label(index).ravel(), minlength=256), range(images)))
            )
        found = [(number, np.flatnonzero(counts[:, number] >= FEWEST_PIXELS)) for number in classes]
        self._having = [(number, having) for number, having in found if having.size]

    def choose(self, drawn: dict[str, float]) -> tuple[int, int] | None:
        """`(image, class)`; None when no image has any of the classes."""
        if not self._having:
            return None
        number, having = self._having[int(drawn["focus_class"] * len(self._having))]
        return int(having[int(drawn["focus_image"] * having.size)]), number


def pixel_of(label: Array, number: int, drawn: dict[str, float]) -> Point:
    """`(row, column)` of a pixel of the class."""
    where = np.flatnonzero(label == number)
    row, column = divmod(int(where[int(drawn["focus_pixel"] * where.size)]), label.shape[1])
    return row, column
