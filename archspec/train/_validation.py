"""Scores of whole validation images while a network is being trained, and at which sizes they are predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.arrays import Array, Weights
from archspec.datasets import Dataset, Example
from archspec.graph import next_multiple, padding_multiple
from archspec.graph.task import CLASSIFICATION
from archspec.network import Network
from archspec.record import Plain
from archspec.scoring import MaskSums, Viewing, class_iou, confusion, mask_map
from archspec.spec import Spec
from archspec.train._recipe import Validation
from archspec.train._stage_graph import network_weights, trained_classes

if TYPE_CHECKING:
    from archspec.scoring import NetworkSegmenter

Size = tuple[int, int]
ScoreRow = tuple[str, float, dict[str, Plain]]


def validation_examples(dataset: Dataset, validation: Validation) -> tuple[Example, ...]:
    """Those of the split that are looked at: all, or so many evenly spread."""
    examples, count = dataset.examples(validation.split), validation.images
    if count is None or count >= len(examples):
        return examples
    return tuple(examples[number * len(examples) // count] for number in range(count))


def validation_shapes(dataset: Dataset, validation: Validation) -> dict[Size, Size]:
    """Size of an image -> size that it is predicted at.

    The same for up to four sizes. Where there are more, images are padded at the bottom and the right to the next
    multiples of 128, so that a few networks serve them all. None of classifiers, which are shown one size.
    """
    if dataset.task == CLASSIFICATION:
        return {}
    sizes = {dataset.image_size(example) for example in validation_examples(dataset, validation)}
    multiple = padding_multiple(sizes)
    return {size: next_multiple(size, multiple) for size in sizes}


@dataclass(frozen=True, slots=True)
class Scores:
    """Pixels by true and predicted class of `images`, which have these `sizes`; `padded` where they are many.

    Where several classes may hold at a pixel, `masks` are counted, and not the matrix.
    """

    matrix: Array
    images: int
    sizes: tuple[Size, ...]
    padded: bool = False
    masks: MaskSums | None = None

    @property
    def iou(self) -> Array:
        """Of each class, NaN where it is neither there nor predicted."""
        return class_iou(self.matrix) if self.masks is None else self.masks.iou

    @property
    def miou(self) -> float:
        """The mean over the classes that are there or predicted."""
        return float(np.nanmean(self.iou))

    @property
    def logged(self) -> dict[str, float]:
        """The score of the log."""
        return {"val_miou": self.miou}

    @property
    def value(self) -> float:
        """The score that a training is judged by."""
        return self.miou

    def describe(self) -> Mapping[str, Any]:
        """How images were shown."""
        return {
            "image_sizes": ", ".join(f"{height} x {width}" for height, width in self.sizes),
            "mode": "whole image, padded to multiples of 128" if self.padded else "whole image",
        }

    def metrics(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What `run.json` keeps."""
        iou = dict(zip(names, self.iou.tolist(), strict=True))
        iou = {name: None if math.isnan(value) else value for name, value in iou.items()}
        return {"val_miou": self.miou, "val_iou": iou, "val_images": self.images}

    def rows(self, names: tuple[str, ...]) -> list[ScoreRow]:
        """What is kept as records: metric, value, further conditions."""
        rows: list[ScoreRow] = [("miou", self.miou, {})]
        for name, value in zip(names, self.iou.tolist(), strict=True):
            if not math.isnan(value):
                rows.append(("val_iou", value, {"class": name}))
        return rows

    @property
    def classes(self) -> tuple[int, int]:
        """How many classes `miou` is the mean of, and how many there are."""
        iou = self.iou
        return int(np.isfinite(iou).sum()), len(iou)


class Validator:
    """Predicts every image at its own size (`validation_shapes`), as `archspec evaluate` does, and compares with the
    labels."""

    def __init__(self, spec: Spec, dataset: Dataset, validation: Validation, *, quantised: bool = False) -> None:
        self._quantised = quantised
        self._network = Network(spec).changed({"classes": trained_classes(spec, dataset)})
        self._dataset = dataset
        self._examples = validation_examples(dataset, validation)
        self._shapes = validation_shapes(dataset, validation)
        self._segmenter: NetworkSegmenter | None = None

    def score(self, weights: Weights) -> Scores:
        """The scores of these weights; those of auxiliary heads are left out.

        Raises `UserError` for an image that cannot be read.
        """
        classes = len(self._dataset.classes)
        matrix = np.zeros((classes, classes), np.int64)
        masks = MaskSums.none(classes) if self._dataset.multi_label else None
        segmenter = self._with(network_weights(weights, self._network.graph))
        for example in self._examples:
            image, label = self._dataset.read_image(example), self._dataset.read_label(example)
            if masks is not None:
                masks = masks.plus(label, mask_map(segmenter, image, Viewing()))
            else:
                matrix += confusion(label, segmenter.labels(image), classes)
        padded = any(size != shape for size, shape in self._shapes.items())
        return Scores(matrix, len(self._examples), tuple(sorted(self._shapes)), padded, masks)

    def _with(self, weights: Weights) -> NetworkSegmenter:
        """The segmenter with these weights; its graphs are built once."""
        from archspec.scoring import NetworkSegmenter

        if self._segmenter is None:
            multiple = padding_multiple(self._shapes)
            kind = NetworkSegmenter
            if self._quantised:
                from archspec.train._quantised_segmenter import QuantisedSegmenter as kind  # noqa: N813
            self._segmenter = kind(self._network, weights, multiple=multiple)
        else:
            self._segmenter.set_weights(weights)
        return self._segmenter
