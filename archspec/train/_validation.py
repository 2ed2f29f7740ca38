"""Scores of whole validation images while a network is being trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec import lower
from archspec.datasets import Dataset
from archspec.graph.padding import padding_multiple
from archspec.scoring.metrics._confusion import class_iou, confusion
from archspec.spec import Spec, override
from archspec.train._recipe import Validation
from archspec.train._sizes import Size, validation_examples, validation_shapes

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """Pixels by true and predicted class of `images`, which have these `sizes`; `padded` where they are many."""

    matrix: Array
    images: int
    sizes: tuple[Size, ...]
    padded: bool = False

    @property
    def iou(self) -> Array:
        """Of each class, NaN where it is neither there nor predicted."""
        return class_iou(self.matrix)

    @property
    def miou(self) -> float:
        """The mean over the classes that are there or predicted."""
        return float(np.nanmean(self.iou))

    @property
    def classes(self) -> tuple[int, int]:
        """How many classes `miou` is the mean of, and how many there are."""
        iou = self.iou
        return int(np.isfinite(iou).sum()), len(iou)


class Validator:
    """Predicts every image at its own size (`validation_shapes`), as `archspec evaluate` does, and compares with the
    labels."""

    def __init__(self, spec: Spec, dataset: Dataset, validation: Validation) -> None:
        self._spec = override(spec, {"classes": len(dataset.classes)})
        self._dataset = dataset
        self._examples = validation_examples(dataset, validation)
        self._shapes = validation_shapes(dataset, validation)
        self._network: lower.SpecNetwork | None = None

    def score(self, weights: Mapping[str, Array]) -> Scores:
        """The scores of these weights. Raises `UserError` for an image that cannot be read."""
        classes = len(self._dataset.classes)
        matrix = np.zeros((classes, classes), np.int64)
        network = self._with(weights)
        for example in self._examples:
            image, label = self._dataset.read_image(example), self._dataset.read_label(example)
            matrix += confusion(label, network.labels(image), classes)
        padded = any(size != shape for size, shape in self._shapes.items())
        return Scores(matrix, len(self._examples), tuple(sorted(self._shapes)), padded)

    def _with(self, weights: Mapping[str, Array]) -> lower.SpecNetwork:
        """The network with these weights; its graphs are built once."""
        if self._network is None:
            multiple = padding_multiple(self._shapes)
            self._network = lower.SpecNetwork(self._spec, weights, self._spec.catalog, multiple=multiple)
        else:
            self._network.set_weights(weights)
        return self._network
