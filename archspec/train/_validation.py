"""Scores of whole validation images while a network is being trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec import lower
from archspec.datasets import Dataset
from archspec.lower.framework import tf
from archspec.metrics._confusion import class_iou, confusion
from archspec.spec import Spec
from archspec.train._losses import at_size
from archspec.train._network import graph_for
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
    """Predicts every image at its own size (`validation_shapes`), and compares with the labels."""

    def __init__(self, spec: Spec, dataset: Dataset, validation: Validation, pad: float = 127.5) -> None:
        self._spec, self._dataset, self._pad = spec, dataset, pad
        self._examples = validation_examples(dataset, validation)
        self._shapes = validation_shapes(dataset, validation)
        self._networks: dict[Size, tuple[Any, Any]] = {}

    def score(self, weights: Mapping[str, Array]) -> Scores:
        """The scores of these weights. Raises `UserError` for an image that cannot be read."""
        classes = len(self._dataset.classes)
        matrix = np.zeros((classes, classes), np.int64)
        for model, _ in self._networks.values():
            lower.set_weights(model, weights)
        for example in self._examples:
            image, label = self._dataset.read_image(example), self._dataset.read_label(example)
            matrix += confusion(label, self._predict(image, weights), classes)
        padded = any(size != shape for size, shape in self._shapes.items())
        return Scores(matrix, len(self._examples), tuple(sorted(self._shapes)), padded)

    def _predict(self, image: Array, weights: Mapping[str, Array]) -> Array:
        """The class of each pixel `(H, W)`."""
        height, width = image.shape[:2]
        shape = self._shapes[height, width]
        padded = np.full((1, *shape, 3), self._pad, np.float32)
        padded[0, :height, :width] = image
        if shape not in self._networks:
            self._networks[shape] = self._network(shape)
            lower.set_weights(self._networks[shape][0], weights)
        labels: Array = np.asarray(self._networks[shape][1](tf.constant(padded)))[0, :height, :width]
        return labels

    def _network(self, shape: Size) -> tuple[Any, Any]:
        """A model for images of a size, and the function from an image to its labels."""
        model = lower.to_keras(graph_for(self._spec, len(self._dataset.classes), shape))

        @tf.function(jit_compile=False, autograph=False)
        def predict(images: Any) -> Any:
            return tf.argmax(at_size(model(images, training=False), shape), -1, tf.int32)

        return model, predict
