"""What predictions are scored against: the label maps of a data set's split.

Cityscapes is scored as its organisers do it (34 label numbers, instances, and how a prediction belongs to an image).
Source: cityscapesScripts 2.3.0, evalPixelLevelSemanticLabeling.py.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets import IGNORE, Dataset, Example, read_indices
from archspec.datasets.cityscapes import LABEL, LABELS, SPLITS, files_of_cities, instances_of
from archspec.errors import Place, nearest, user_error
from archspec.files import is_folder
from archspec.graph.task import CLASSIFICATION
from archspec.scoring.metrics import Counts, Labels

Size = tuple[int, int]
CLASSES, FIRST_CLASS = 19, 7  # of Cityscapes: how many count, and the first one's number
USUAL_SIZES = {
    "bicycle": 4672.3249222261,
    "caravan": 36771.8241758242,
    "motorcycle": 6298.7200839748,
    "rider": 3930.4788056518,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "car": 12794.0202738185,
    "person": 3462.4756337644,
    "truck": 27855.1264367816,
    "trailer": 16926.9763313609,
}
"""Mean pixels of a training instance, by label: instances are weighted by (this size) / (their own size)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One label map: its name within the split, its file (for messages too), and how its prediction is called."""

    name: str
    file: Path
    prediction: str


@dataclass(frozen=True, slots=True)
class LabelMap:
    """A label map `(H, W)`, uint8, and the instance numbers `(H, W)` where they are scored too."""

    labels: Array
    instances: Array | None = None


class GroundTruth(ABC):
    """The label maps of a data set, and the rules that they are scored by.

    `labels` are what its maps and predictions hold; `instances` says whether it knows instances; `name_begins` whether
    `Item.prediction` is only how a prediction's name begins (else it is its whole path).
    """

    name: str
    labels: Labels
    instances: bool
    name_begins: bool

    @abstractmethod
    def items(self, split: str) -> tuple[Item, ...]:
        """Every label map of a split, in order of their names. Raises `UserError` when there are none."""

    @abstractmethod
    def read(self, item: Item) -> LabelMap:
        """One of them. Raises `UserError` with the file's name."""

    @abstractmethod
    def digest(self, item: Item, truth: LabelMap) -> str:
        """16 hexadecimal letters for the content of a label map."""

    def encoded(self, classes: Array) -> Array:
        """Classes as networks give them `(H, W)`, in the numbers of `labels`."""
        return classes

    def describe_rules(self) -> tuple[str, ...]:
        """The rules that differ from the usual definitions, a line each."""
        return ()

    def cautions(self, counts: Counts) -> tuple[str, ...]:
        """What is suspicious about predictions, a line each."""
        return ()


class ClassGroundTruth(GroundTruth):
    """The truth of a data set as it is trained on: classes, and pixels that are ignored."""

    instances = False
    name_begins = False

    def __init__(self, dataset: Dataset) -> None:
        self.name = dataset.name
        self.labels = Labels(dataset.classes.names)
        self._dataset = dataset
        self._examples: dict[str, Example] = {}

    def items(self, split: str) -> tuple[Item, ...]:
        """The examples that have a label. Raises `UserError`."""
        found = []
        for example in self._dataset.examples(split):
            if example.label is None:
                fact = f"the labels of the split '{split}' are not public"
                raise user_error(fact, "Choose another split", place=Place(str(example.image)))
            prediction = self._dataset.prediction_path(example).as_posix()
            found.append(Item(example.name, example.label, prediction))
            self._examples[example.name] = example
        return tuple(found)

    def read(self, item: Item) -> LabelMap:
        """The classes of an example. Raises `UserError`."""
        return LabelMap(self._dataset.read_label(self._examples[item.name]))

    def digest(self, item: Item, truth: LabelMap) -> str:
        """Of the classes, since a label need not be a file of its own."""
        return fingerprint([(item.name, truth.labels.tobytes())])


def fingerprint(items: Iterable[tuple[str, bytes]]) -> str:
    """16 hexadecimal letters that stand for names and contents, in their order."""
    found = hashlib.blake2b(digest_size=8)
    for name, content in items:
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def cityscapes_labels() -> Labels:
    """All 34 labels of Cityscapes, by their numbers in its label images (not the 19 classes of training)."""
    rows = sorted(label for label in LABELS if label.number >= 0)
    return Labels(
        names=tuple(label.name for label in rows),
        scored=tuple(label.train != IGNORE for label in rows),
        categories=tuple(label.category for label in rows),
        usual_sizes={label.number: USUAL_SIZES[label.name] for label in rows if label.has_instances},
    )


class CityscapesGroundTruth(GroundTruth):
    """`<root>/gtFine/<split>/<city>/<city>_<sequence>_<frame>_gtFine_labelIds.png`, and `…_instanceIds.png` beside it.

    Coarse splits are in `gtCoarse`. Images are not looked for: the truth is enough to score predictions.
    """

    name = "cityscapes"
    instances = True
    name_begins = True

    def __init__(self, root: Path) -> None:
        self.labels = cityscapes_labels()
        self._root = root
        self._number_of_class = np.flatnonzero(self.labels.counted).astype(np.uint8)

    def items(self, split: str) -> tuple[Item, ...]:
        """Every label map of a split, by the part of its name that all files of an image share."""
        if split not in SPLITS:
            raise user_error(f"cityscapes has no split '{split}'", nearest(split, SPLITS), place=Place(str(self._root)))
        kind, name = SPLITS[split]
        folder, ending = self._root / kind / name, f"_{kind}{LABEL}"
        if not is_folder(folder):
            raise user_error("no such folder", f"Name the folder that holds {kind}", place=Place(str(folder)))
        found = sorted(files_of_cities(folder, ending))
        if not found:
            raise user_error(f"no label maps (*/*{ending}.png)", "Is it the right folder?", place=Place(str(folder)))
        return tuple(Item(image, file, image) for image, file in found)

    def read(self, item: Item) -> LabelMap:
        """Label and instance numbers, the files as they are. Raises `UserError`."""
        instances_file = instances_of(item.file)
        labels, instances = read_indices(item.file), read_indices(instances_file)
        if instances.shape != labels.shape:
            fact = f"{_words(instances)} pixels, and the label map has {_words(labels)}"
            raise user_error(fact, "The two belong together", place=Place(str(instances_file)))
        if int(labels.max(initial=0)) >= len(self.labels):
            fact = f"label {labels.max()}, which does not exist"
            raise user_error(fact, f"Labels are 0 to {len(self.labels) - 1}", place=Place(str(item.file)))
        return LabelMap(labels, instances)

    def digest(self, item: Item, truth: LabelMap) -> str:
        """Of the two files."""
        return fingerprint([(item.name, item.file.read_bytes()), ("", instances_of(item.file).read_bytes())])

    def encoded(self, classes: Array) -> Array:
        """The 19 classes as label numbers: 0 (road) is 7."""
        found: Array = self._number_of_class[classes]
        return found

    def describe_rules(self) -> tuple[str, ...]:
        """The organisers' rules."""
        return ("scored as cityscapesScripts 2.3.0 does: label numbers, ignored ones among them, and instances",)

    def cautions(self, counts: Counts) -> tuple[str, ...]:
        """Predictions that seem to hold training numbers (0 is road) instead of label numbers."""
        values = np.flatnonzero(counts.matrix.sum(axis=0))
        if values.size and int(values.max()) < CLASSES and int(values.min()) < FIRST_CLASS:
            fact = f"predictions hold only the values {values.min()} to {values.max()}"
            return (f"{fact}: are these training numbers? Label numbers are scored, 7 is road and 33 is bicycle",)
        return ()


def _words(labels: Array) -> str:
    return f"{labels.shape[0]} x {labels.shape[1]}"


def ground_truth_of(dataset: Dataset) -> GroundTruth:
    """The ground truth of a data set: by its organisers' rules where these are known, else by its classes."""
    if dataset.task == CLASSIFICATION:
        fact = f"{dataset.name} has one class for each image, and label maps are scored against label maps"
        raise user_error(fact, "Name a classifier instead of --predictions", place=dataset.place)
    if dataset.name == "cityscapes" and dataset.root is not None:
        return CityscapesGroundTruth(dataset.root)
    return ClassGroundTruth(dataset)
