"""Scores of whole validation images of a classifier while it is being trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.arrays import Weights
from archspec.datasets import Dataset, class_view
from archspec.graph.task import CLASSIFICATION
from archspec.network import Network
from archspec.scoring.class_scores import ClassCounts, batches_of
from archspec.spec import Spec
from archspec.train._recipe import Validation
from archspec.train._stage_graph import network_weights
from archspec.train._validation import ScoreRow, Scores, Size, Validator, validation_examples

if TYPE_CHECKING:
    from archspec.scoring.classifiers import NetworkClassifier


@dataclass(frozen=True, slots=True)
class ClassScores:
    """What a classifier gave for whole images of one `size`: counts of true and predicted classes."""

    counts: ClassCounts
    size: Size

    @property
    def images(self) -> int:
        return self.counts.images

    @property
    def logged(self) -> dict[str, float]:
        """The score of the log."""
        return {"val_top1": self.counts.top1}

    @property
    def value(self) -> float:
        """The score that a training is judged by."""
        return self.counts.top1

    @property
    def classes(self) -> tuple[int, int]:
        """How many classes have an image, and how many there are."""
        return int(np.isfinite(self.counts.accuracy).sum()), len(self.counts.names)

    def describe(self) -> Mapping[str, Any]:
        """How images were shown."""
        return {"image_sizes": f"{self.size[0]} x {self.size[1]}", "mode": "the middle of each image, 7/8 of its side"}

    def metrics(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What `run.json` keeps."""
        found = zip(names, self.counts.accuracy.tolist(), strict=True)
        accuracy = {name: None if math.isnan(value) else value for name, value in found}
        counts = self.counts
        return {"val_top1": counts.top1, "val_top5": counts.top5, "val_accuracy": accuracy, "val_images": self.images}

    def rows(self, names: tuple[str, ...]) -> list[ScoreRow]:
        """What is kept as records: metric, value, further conditions."""
        rows: list[ScoreRow] = [("top1", self.counts.top1, {}), ("top5", self.counts.top5, {})]
        for name, value in zip(names, self.counts.accuracy.tolist(), strict=True):
            if not math.isnan(value):
                rows.append(("val_accuracy", value, {"class": name}))
        return rows


class ClassValidator:
    """Shows every image as `archspec evaluate` does (`class_view` at the spec's size) and compares the classes."""

    def __init__(self, spec: Spec, dataset: Dataset, validation: Validation) -> None:
        self._network = Network(spec).changed({"classes": len(dataset.classes)})
        self._dataset = dataset
        self._examples = validation_examples(dataset, validation)
        self._classifier: NetworkClassifier | None = None

    def score(self, weights: Weights) -> ClassScores:
        """The scores of these weights. Raises `UserError` for an image that cannot be read."""
        classifier = self._with(network_weights(weights, self._network.graph))
        size = self._network.expanded.input_size
        counts = ClassCounts.none(self._dataset.classes.names)
        for images, labels, _ in batches_of(self._dataset, self._examples):
            counts = counts.plus(labels, classifier(np.stack([class_view(image, size) for image in images])))
        return ClassScores(counts, size)

    def _with(self, weights: Weights) -> NetworkClassifier:
        from archspec.scoring.classifiers import NetworkClassifier

        if self._classifier is None:
            self._classifier = NetworkClassifier(self._network, weights, self._network.expanded.input_size)
        else:
            self._classifier.set_weights(weights)
        return self._classifier


AnyScores = Scores | ClassScores
AnyValidator = Validator | ClassValidator


def validator_for(spec: Spec, dataset: Dataset, validation: Validation, *, quantised: bool = False) -> AnyValidator:
    """By what the data's labels are; `quantised`: of int8 arithmetic."""
    if dataset.task == CLASSIFICATION:
        return ClassValidator(spec, dataset, validation)
    return Validator(spec, dataset, validation, quantised=quantised)
