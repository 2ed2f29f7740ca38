"""Data sets whose images and labels are files: pairs found by name, labels through a table of numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from archspec.datasets._contract import IGNORE, Dataset, Example
from archspec.datasets._images import IMAGE_SUFFIXES, read_indices, read_rgb, size_of
from archspec.errors import Fault, Place, UserError, nearest, user_error

Array = np.ndarray[Any, Any]

_UNKNOWN = 254
"""What a table gives for a number that no class has; no data set here has 254 classes."""


class FileDataset(Dataset):
    """A `Dataset` at a folder. A subclass finds the pairs; this keeps them, and reads the files."""

    root: Path

    def __init__(self, root: Path | None) -> None:
        if root is None:
            raise TypeError(f"{self.name} needs a folder")
        super().__init__(root)
        self._examples: dict[str, tuple[Example, ...]] = {}

    @abstractmethod
    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """The examples of a split there is, in any order, and what is wrong with the rest."""

    def examples(self, split: str) -> tuple[Example, ...]:
        """Every example of a split, in order of their names. Raises `UserError` with every fault."""
        if split not in self._examples:
            if split not in self.splits:
                raise user_error(f"{self.name} has no split '{split}'", nearest(split, self.splits), place=self.place)
            found, faults = self.find(split)
            if faults:
                raise UserError(faults)
            if not found:
                raise user_error(f"the split '{split}' is empty", "Is it the right folder?", place=self.place)
            self._examples[split] = tuple(sorted(found, key=lambda example: example.name))
        return self._examples[split]

    @property
    def place(self) -> Place:
        """The folder, for messages."""
        return Place(str(self.root))

    @property
    @abstractmethod
    def numbers(self) -> dict[int, int]:
        """The class (or `IGNORE`) of each number that a label file may hold."""

    def read_image(self, example: Example) -> Array:
        """The image `(H, W, 3)`, uint8 RGB. Raises `UserError` with the file's name."""
        return read_rgb(example.image)

    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8. Raises `UserError` with the file's name."""
        return to_classes(read_indices(label_of(example)), self.numbers, label_of(example))

    def image_size(self, example: Example) -> tuple[int, int]:
        """`(height, width)` of the image, from the file's header. Raises `UserError`."""
        return size_of(example.image)


def label_of(example: Example) -> Path:
    """The label's file. Raises `UserError` where there is none."""
    if example.label is None:
        raise user_error("no label", "The organisers keep it: choose another split", place=Place(str(example.image)))
    return example.label


def to_classes(values: Array, numbers: dict[int, int], path: Path) -> Array:
    """The numbers of a label file `(H, W)` as classes, uint8. Raises `UserError` for a number without a class."""
    largest = 256 if values.dtype == np.uint8 else 65536
    table = np.full(largest, _UNKNOWN, np.uint8)
    for number, label in numbers.items():
        table[number] = label
    classes: Array = table[values]
    if np.any(classes == _UNKNOWN):
        unknown = np.unique(values[classes == _UNKNOWN]).tolist()
        shown = ", ".join(map(str, unknown[:8])) + (", …" if len(unknown) > 8 else "")
        fact = f"label value{'s' if len(unknown) > 1 else ''} {shown} that no class has"
        known = ", ".join(map(str, sorted(numbers)[:40]))
        raise user_error(fact, f"Known are {known}", place=Place(str(path)))
    return classes


def paired(
    images: Path, labels: Path, *, suffixes: Iterable[str] = IMAGE_SUFFIXES
) -> tuple[list[Example], list[Fault]]:
    """Images of a folder with the PNG of the same stem in another; every image and label left alone is a fault."""
    found, faults = [], []
    label_files = {path.stem: path for path in files_in(labels, (".png",))}
    for image in files_in(images, suffixes):
        label = label_files.pop(image.stem, None)
        if label is None:
            faults.append(Fault(f"no label ({labels / image.stem}.png)", "Add it", place=Place(str(image))))
        else:
            found.append(Example(image.stem, image, label))
    faults += [Fault(f"no image in {images}", "Add it", place=Place(str(path))) for path in label_files.values()]
    return found, faults


def files_in(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """The files of a folder with one of these suffixes, in order. Raises `UserError` for a folder it cannot read."""
    wanted = tuple(suffixes)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in wanted and path.name[0] != ".")
    except OSError as error:
        reason = error.strerror or str(error)
        raise user_error(f"cannot be read ({reason})", "Is it the right folder?", place=Place(str(folder))) from error


__all__ = ["IGNORE", "FileDataset", "files_in", "label_of", "paired", "to_classes"]
