"""Validation: each image at its own size, the scores those of a plain count of pixels."""

from typing import Any

import numpy as np
import pytest

from archspec import lower
from archspec.datasets import Example
from archspec.graph.weights import initialise
from archspec.train._recipe import Validation
from archspec.train._stage_graph import graph_for
from archspec.train._validation import Validator, validation_examples, validation_shapes
from tests.train.tiny import Blocks, spec

Array = np.ndarray[Any, Any]


class Sizes(Blocks):
    """Blocks of several sizes, in turns."""

    def __init__(self, sizes: list[tuple[int, int]], count: int) -> None:
        super().__init__(counts={"train": 1, "val": count})
        self.sizes = sizes

    def _of(self, example: Example) -> tuple[int, int]:
        return self.sizes[int(example.name.removeprefix("val")) % len(self.sizes)]

    def read_label(self, example: Example) -> Array:
        self.size = self._of(example)
        return super().read_label(example)

    def read_image(self, example: Example) -> Array:
        self.size = self._of(example)
        return super().read_image(example)


WEIGHTS = initialise(graph_for(spec(), 3, (24, 32)), 0, "random")


def predicted(image: Array, shape: tuple[int, int], pad: float) -> Array:
    """By a model of the shape, on a padded image."""
    height, width = image.shape[:2]
    whole = np.full((1, *shape, 3), pad, np.float32)
    whole[0, :height, :width] = image
    logits = lower.to_keras(graph_for(spec(), 3, shape), WEIGHTS)(whole, training=False)
    return np.asarray(logits)[0, :height, :width].argmax(-1)


def counted(data: Blocks, shapes: dict[tuple[int, int], tuple[int, int]], pad: float) -> Array:
    matrix = np.zeros((3, 3), int)
    for example in data.examples("val"):
        image, label = data.read_image(example), data.read_label(example)
        found = predicted(image, shapes[image.shape[0], image.shape[1]], pad)
        for truth in range(3):
            for guess in range(3):
                matrix[truth, guess] += ((label == truth) & (found == guess)).sum()
    return matrix


@pytest.mark.slow
def test_scores_of_images_of_two_sizes() -> None:
    data = Sizes([(24, 32), (40, 24)], 4)
    scores = Validator(spec(), data, Validation()).score(WEIGHTS)
    expected = counted(data, {(24, 32): (24, 32), (40, 24): (40, 24)}, 128)
    assert np.array_equal(scores.matrix, expected)
    hits = np.diag(expected)
    iou = hits / (expected.sum(0) + expected.sum(1) - hits)
    assert scores.miou == pytest.approx(iou.mean())
    assert (scores.images, scores.sizes, scores.padded) == (4, ((24, 32), (40, 24)), False)


@pytest.mark.slow
def test_scores_of_images_of_many_sizes_padded() -> None:
    sizes = [(24, 32), (40, 24), (32, 32), (24, 40), (130, 30)]
    data = Sizes(sizes, 5)
    scores = Validator(spec(), data, Validation()).score(WEIGHTS)
    shapes = dict.fromkeys(sizes, (128, 128)) | {(130, 30): (256, 128)}
    assert validation_shapes(data, Validation()) == shapes
    assert np.array_equal(scores.matrix, counted(data, shapes, 128))
    assert scores.padded


def test_new_weights_are_seen() -> None:
    data = Blocks()
    validator = Validator(spec(), data, Validation())
    first = validator.score(WEIGHTS)
    shifted = {**WEIGHTS, "classifier.logits/bias": np.array([0, 0, 1e6], np.float32)}
    assert not np.array_equal(first.matrix, validator.score(shifted).matrix)
    assert np.array_equal(first.matrix, validator.score(WEIGHTS).matrix)


def test_some_images_evenly_spread() -> None:
    data = Blocks(counts={"train": 1, "val": 10})
    names = [example.name for example in data.examples("val")]
    assert [one.name for one in validation_examples(data, Validation(images=4))] == [names[k] for k in (0, 2, 5, 7)]
    assert len(validation_examples(data, Validation(images=99))) == 10
