"""Classes of whole images against the truth: how often the first one is right, and how often one of five."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.datasets import Dataset, Example
from archspec.errors import Fault, Place, Problem, UserError
from archspec.record import Plain, Record, package_versions, timestamp, write_records, write_text
from archspec.reporters import Cell, Column, Table, render
from archspec.scoring.classifiers import TOP, NamedClassifier
from archspec.scoring.ground_truth import fingerprint
from archspec.scoring.prediction_scores import threaded_results

BATCH = 16  # images that go through a network at once
READERS = 2
DIGITS = 4
PACKAGES = ("ai-edge-litert", "keras", "numpy", "pillow", "tensorflow")
METRICS = {"top1": "top-1 accuracy", "top5": "top-5 accuracy", "mean_class_accuracy": "mean class accuracy"}


@dataclass(frozen=True)
class ClassCounts:
    """Images by true class (row) and predicted class (column), and how many of each true class had it among the five
    of the highest scores; of equal scores the class of the lower number comes first."""

    names: tuple[str, ...]
    matrix: Array
    in_top: Array

    @classmethod
    def none(cls, names: tuple[str, ...]) -> ClassCounts:
        """Of no image."""
        count = len(names)
        return cls(names, np.zeros((count, count), np.int64), np.zeros(count, np.int64))

    def plus(self, labels: Array, scores: Array) -> ClassCounts:
        """With further images: true classes `(N,)`, scores `(N, classes)`."""
        order = np.argsort(-scores, axis=1, kind="stable")
        matrix, in_top = self.matrix.copy(), self.in_top.copy()
        np.add.at(matrix, (labels, order[:, 0]), 1)
        np.add.at(in_top, labels, (order[:, :TOP] == labels[:, None]).any(1))
        return ClassCounts(self.names, matrix, in_top)

    @property
    def images(self) -> int:
        return int(self.matrix.sum())

    @property
    def top1(self) -> float:
        """The share of images whose class has the highest score; NaN of no image."""
        return _share(int(self.matrix.trace()), self.images)

    @property
    def top5(self) -> float:
        """The share of images whose class is among the five of the highest scores."""
        return _share(int(self.in_top.sum()), self.images)

    @property
    def accuracy(self) -> Array:
        """Of each class, the share of its images that are given it; NaN where it has none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Array = self.matrix.diagonal() / self.matrix.sum(1)
        return found

    @property
    def mean_class_accuracy(self) -> float:
        """The mean over the classes that have an image."""
        known = self.accuracy[np.isfinite(self.accuracy)]
        return float(known.mean()) if known.size else float("nan")

    def scores(self) -> dict[str, float]:
        """Every score by its name."""
        return {name: float(getattr(self, name)) for name in METRICS}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


@dataclass(frozen=True)
class ClassScore:
    """The counts of a classifier, a digest of names and contents of what was scored, and milliseconds an image."""

    named: NamedClassifier
    counts: ClassCounts
    data_digest: str
    network_ms: float | None
    seconds: list[float] = field(default_factory=list, repr=False, compare=False)


def score_classifiers(
    classifiers: Sequence[NamedClassifier],
    dataset: Dataset,
    split: str,
    *,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ClassScore]:
    """Each on the first `limit` examples of a split, in one pass. Raises `UserError` for a classifier of another number
    of classes before anything runs, and for an image that cannot be read."""
    check_classes(classifiers, dataset)
    names, examples = dataset.classes.names, dataset.examples(split)[:limit]
    counts = [ClassCounts.none(names) for _ in classifiers]
    seconds: list[list[float]] = [[] for _ in classifiers]
    contents: list[tuple[str, bytes]] = []
    done = 0
    for images, labels, found in batches_of(dataset, examples):
        contents += found
        for number, named in enumerate(classifiers):
            started = time.perf_counter()
            try:
                scores = named.scores(images)
            except Problem as problem:
                raise UserError(problem.at(Place(named.name))) from problem
            seconds[number].append((time.perf_counter() - started) / len(images))
            counts[number] = counts[number].plus(labels, scores)
        done += len(images)
        if progress is not None:
            progress(done, len(examples))
    digest = fingerprint(contents)
    return [
        ClassScore(named, one, digest, 1000 * float(np.median(some[1:])) if len(some) > 1 else None)
        for named, one, some in zip(classifiers, counts, seconds, strict=True)
    ]


def batches_of(
    dataset: Dataset, examples: Sequence[Example]
) -> Iterator[tuple[list[Array], Array, list[tuple[str, bytes]]]]:
    """Images, their classes, and name and content of each, so many at once."""

    def read(example: Example) -> tuple[Array, int]:
        return dataset.read_image(example), int(dataset.read_label(example))

    images: list[Array] = []
    labels: list[int] = []
    contents: list[tuple[str, bytes]] = []
    for number, (example, result) in enumerate(threaded_results(read, examples, READERS), 1):
        image, label = result.result()
        images.append(image)
        labels.append(label)
        contents.append((fingerprint([(f"{example.name} {label}", image.tobytes())]), b""))
        if len(images) == BATCH or number == len(examples):
            yield images, np.array(labels), contents
            images, labels, contents = [], [], []


def check_classes(classifiers: Sequence[NamedClassifier], dataset: Dataset) -> None:
    """Raises `UserError` with every classifier of another number of classes."""
    wanted = len(dataset.classes)
    faults = [
        Fault(
            f"a network of {one.classifier.classes} classes, and {dataset.name} has {wanted}",
            "Was it made for another data set?",
            place=Place(one.name),
        )
        for one in classifiers
        if one.classifier.classes != wanted
    ]
    if faults:
        raise UserError(faults)


# --- shown ------------------------------------------------------------------------------------------------------------
def result_json(score: ClassScore) -> dict[str, Any]:
    """Every score; null where it is not defined."""
    found: dict[str, Any] = {name: _number(value) for name, value in score.counts.scores().items()}
    accuracy = zip(score.counts.names, score.counts.accuracy.tolist(), strict=True)
    return {
        **found,
        "images": score.counts.images,
        "per_class": {name: {"accuracy": _number(value)} for name, value in accuracy},
        "data_digest": score.data_digest,
    }


def class_records(score: ClassScore, conditions: Mapping[str, Plain]) -> list[Record]:
    """Each score as a record."""
    named = score.named
    everything = {**named.conditions, **conditions, "data_digest": score.data_digest, "images": score.counts.images}
    everything.update(package_versions(PACKAGES))
    now = timestamp()
    return [
        Record(named.hash, metric, _number(value), "", named.name, named.spec, everything, time=now)
        for metric, value in score.counts.scores().items()
    ]


def scores_table(scores: Sequence[ClassScore], notes: tuple[str, ...] = ()) -> Table:
    """One row for each classifier."""
    columns = (
        Column("network", "network"),
        *(Column(name, words, kind="number", digits=DIGITS) for name, words in METRICS.items()),
        Column("images", "images", kind="integer", detail=1),
        Column("precision", "precision", detail=1),
        Column("network_ms", "network ms", kind="number", digits=1, detail=2),
    )
    rows: list[tuple[Cell, ...]] = [
        (one.named.name, *map(_number, one.counts.scores().values()), one.counts.images,
         str(one.named.conditions["precision"]), one.network_ms)
        for one in scores
    ]  # fmt: skip
    return Table("", columns, tuple(rows), notes)


def accuracies_table(scores: Sequence[ClassScore]) -> Table:
    """The accuracy of each class, a column for each classifier."""
    first = scores[0].counts
    columns = (
        Column("class", "class"),
        Column("images", "images", kind="integer"),
        *(Column(f"network_{number}", one.named.name if len(scores) > 1 else "accuracy", kind="number", digits=DIGITS)
          for number, one in enumerate(scores, 1)),
    )  # fmt: skip
    found = [one.counts.accuracy.tolist() for one in scores]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, int(first.matrix[number].sum()), *(_number(values[number]) for values in found))
        for number, name in enumerate(first.names)
    )
    return Table("", columns, rows)


def write_class_scores(
    folder: Path, score: ClassScore, records: Sequence[Record], notes: Sequence[str], command: str
) -> None:
    """record.json, scores.json, per_class.csv and confusion.csv."""
    everything = {"name": score.named.name, **result_json(score), "notes": list(notes)}
    write_records(folder / "record.json", records, command=command)
    write_text(folder / "scores.json", json.dumps(everything, indent=2, allow_nan=False) + "\n")
    write_text(folder / "per_class.csv", render(accuracies_table([score]), "csv"))
    names = score.counts.names
    columns = (Column("truth", "truth \\ predicted"), *(Column(f"label_{n}", name) for n, name in enumerate(names)))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *map(int, row)) for name, row in zip(names, score.counts.matrix, strict=True)
    )
    write_text(folder / "confusion.csv", render(Table("", columns, rows), "csv"))


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
