"""Scores of whole validation images while a network is being trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec import lower
from archspec.datasets import Dataset, Example
from archspec.errors import user_error
from archspec.lower.framework import tf
from archspec.metrics._confusion import class_iou, confusion
from archspec.spec import Spec
from archspec.train._losses import at_size
from archspec.train._network import graph_for
from archspec.train._recipe import Validation

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

MOST_SIZES = 8


@dataclass(frozen=True, slots=True)
class Scores:
    """`iou` of each class, NaN where it is neither there nor predicted; `sizes` of the images."""

    matrix: Array
    images: int
    sizes: tuple[tuple[int, int], ...]

    @property
    def iou(self) -> Array:
        """Of each class."""
        return class_iou(self.matrix)

    @property
    def miou(self) -> float:
        """The mean over the classes that are there or predicted."""
        return float(np.nanmean(self.iou))


class Validator:
    """Predicts every image at its own size, by a network of that size, and compares with the labels."""

    def __init__(self, spec: Spec, dataset: Dataset, validation: Validation) -> None:
        self._spec, self._dataset = spec, dataset
        examples = dataset.examples(validation.split)
        self._examples = _spread(examples, validation.images)
        self._networks: dict[tuple[int, int], tuple[Any, Any]] = {}

    def score(self, weights: Mapping[str, Array]) -> Scores:
        """The scores of these weights. Raises `UserError` for an image that cannot be read."""
        classes = len(self._dataset.classes)
        matrix = np.zeros((classes, classes), np.int64)
        filled: set[tuple[int, int]] = set()
        for example in self._examples:
            image, label = self._dataset.read_image(example), self._dataset.read_label(example)
            size: Any = image.shape[:2]
            model, predict = self._network(size, example)
            if size not in filled:
                lower.set_weights(model, weights)
                filled.add(size)
            predicted = np.asarray(predict(tf.constant(image[None], tf.float32)))[0]
            matrix += confusion(label, predicted, classes)
        return Scores(matrix, len(self._examples), tuple(sorted(filled)))

    def _network(self, size: tuple[int, int], example: Example) -> tuple[Any, Any]:
        """A model for images of a size, and the function from an image to its labels."""
        if size not in self._networks:
            if len(self._networks) == MOST_SIZES:
                raise user_error(
                    f"validation images have more than {MOST_SIZES} sizes ('{example.name}' is {size[0]} × {size[1]})",
                    "Each needs a network of its own: validate fewer (validation.images), and score all of them later",
                )
            model = lower.to_keras(graph_for(self._spec, len(self._dataset.classes), size))

            @tf.function(jit_compile=False, autograph=False)
            def predict(images: Any) -> Any:
                return tf.argmax(at_size(model(images, training=False), size), -1, tf.int32)

            self._networks[size] = model, predict
        return self._networks[size]


def _spread(examples: tuple[Example, ...], count: int | None) -> tuple[Example, ...]:
    """`count` of them, evenly spread; all for None."""
    if count is None or count >= len(examples):
        return examples
    return tuple(examples[number * len(examples) // count] for number in range(count))
