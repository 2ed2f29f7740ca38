"""Cityscapes as its organisers score it: 34 label numbers, instances, and which prediction belongs to which image.

Source: cityscapesScripts 2.3.0, evalPixelLevelSemanticLabeling.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets import read_indices
from archspec.datasets.cityscapes import LABEL, SPLITS, files_of_cities, instances_of
from archspec.errors import Place, nearest, user_error
from archspec.files import is_folder
from archspec.scoring.ground_truth import Item, Truth, fingerprint
from archspec.scoring.metrics import Counts
from archspec.scoring.metrics._cityscapes import cityscapes_labels

CLASSES, FIRST_CLASS = 19, 7


class CityscapesReference:
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

    def read(self, item: Item) -> Truth:
        """Label and instance numbers, the files as they are. Raises `UserError`."""
        instances_file = instances_of(item.file)
        labels, instances = read_indices(item.file), read_indices(instances_file)
        if instances.shape != labels.shape:
            fact = f"{_words(instances)} pixels, and the label map has {_words(labels)}"
            raise user_error(fact, "The two belong together", place=Place(str(instances_file)))
        if int(labels.max(initial=0)) >= len(self.labels):
            fact = f"label {labels.max()}, which does not exist"
            raise user_error(fact, f"Labels are 0 to {len(self.labels) - 1}", place=Place(str(item.file)))
        return Truth(labels, instances)

    def digest(self, item: Item, truth: Truth) -> str:
        """Of the files, which are small."""
        return fingerprint([(item.name, item.file.read_bytes()), ("", instances_of(item.file).read_bytes())])

    def encoded(self, classes: Array) -> Array:
        """The 19 classes as label numbers: 0 (road) is 7."""
        found: Array = self._number_of_class[classes]
        return found

    def said(self) -> tuple[str, ...]:
        """By the organisers' rules."""
        return ("scored as cityscapesScripts 2.3.0 does: label numbers, ignored ones among them, and instances",)

    def cautions(self, counts: Counts) -> tuple[str, ...]:
        """The organisers' code scores predictions in training numbers (0 is road) without a word."""
        said = np.flatnonzero(counts.matrix.sum(axis=0))
        if said.size and int(said.max()) < CLASSES and int(said.min()) < FIRST_CLASS:
            fact = f"predictions hold only the values {said.min()} to {said.max()}"
            return (f"{fact}: are these training numbers? Label numbers are scored, 7 is road and 33 is bicycle",)
        return ()


def _words(labels: Array) -> str:
    return f"{labels.shape[0]} x {labels.shape[1]}"
