"""What predictions are scored against: the label maps of a data set's split, in the numbers that its scores know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from archspec.arrays import Array
from archspec.datasets import Dataset, Example
from archspec.errors import Place, user_error
from archspec.scoring.metrics import Counts, Labels

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One label map: its name within the split, its file (for messages too), and how its prediction is called."""

    name: str
    file: Path
    prediction: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A label map `(H, W)`, uint8, and the instance numbers `(H, W)` where they are scored too."""

    labels: Array
    instances: Array | None = None


class Reference(Protocol):
    """The truth of a data set.

    `labels` are what its maps and predictions hold; `instances` says whether it knows instances; `name_begins` whether
    `Item.prediction` is only how a prediction's name begins (else it is its whole path).
    """

    name: str
    labels: Labels
    instances: bool
    name_begins: bool

    def items(self, split: str) -> tuple[Item, ...]:
        """Every label map of a split, in order of their names. Raises `UserError` when there are none."""
        ...

    def read(self, item: Item) -> Truth:
        """One of them. Raises `UserError` with the file's name."""
        ...

    def digest(self, item: Item, truth: Truth) -> str:
        """What stands for its content."""
        ...

    def encoded(self, classes: Array) -> Array:
        """Classes as networks give them `(H, W)`, in the numbers of `labels`."""
        ...

    def said(self) -> tuple[str, ...]:
        """By whose rules it is scored, a line each."""
        ...

    def cautions(self, counts: Counts) -> tuple[str, ...]:
        """What looks wrong about predictions, a line each."""
        ...


class ClassReference:
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

    def read(self, item: Item) -> Truth:
        """The classes of an example. Raises `UserError`."""
        return Truth(self._dataset.read_label(self._examples[item.name]))

    def digest(self, item: Item, truth: Truth) -> str:
        """Of the classes: a label need not be a file of its own."""
        return fingerprint([(item.name, truth.labels.tobytes())])

    def encoded(self, classes: Array) -> Array:
        """As they are."""
        return classes

    def said(self) -> tuple[str, ...]:
        """Nothing: the definitions are everybody's."""
        return ()

    def cautions(self, counts: Counts) -> tuple[str, ...]:
        """None."""
        return ()


def fingerprint(items: Iterable[tuple[str, bytes]]) -> str:
    """16 hexadecimal letters that stand for names and contents, in their order."""
    found = hashlib.blake2b(digest_size=8)
    for name, content in items:
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()
