"""Data sets whose images and labels are files: pairs found by name, labels through a table of numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archspec.datasets._contract import Dataset, Example, Size
from archspec.datasets._endings import ending_faults
from archspec.datasets._images import (
    IMAGE_SUFFIXES,
    LABEL_SUFFIXES,
    image_size,
    label_image_size,
    read_image,
    read_indices,
)
from archspec.errors import Fault, Place, user_error

Array = np.ndarray[Any, Any]

_UNKNOWN = 254
"""What a table gives for a number that no class has; no data set here has 254 classes."""

_NUMBERS = 1 << 16
"""Numbers in labels are below this."""

_MOST_SHOWN = 8


class FileDataset(Dataset):
    """A `Dataset` at a folder. A subclass finds the pairs and says what the numbers in labels mean."""

    root: Path

    def __init__(self, root: Path | None) -> None:
        if root is None:
            raise TypeError(f"{self.name} needs a folder")
        super().__init__(root)

    @property
    @abstractmethod
    def numbers(self) -> Mapping[int, int]:
        """The class (or `IGNORE`) of each number that a label file may hold."""

    def read_image(self, example: Example) -> Array:
        """The image `(H, W, 3)`, uint8 RGB. Raises `UserError` with the file's name."""
        return read_image(example.image)

    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8. Raises `UserError` with the file's name."""
        file = label_of(example)
        return to_classes(read_indices(file), self.numbers, Place(str(file)))

    def image_size(self, example: Example) -> Size:
        """The size of the image, from the file's header. Raises `UserError`."""
        return image_size(example.image)

    def label_size(self, example: Example) -> Size:
        """The size of the label, from the file's header. Raises `UserError`."""
        return label_image_size(label_of(example))

    def file_faults(self, example: Example) -> list[Fault]:
        """Files that do not end as they should."""
        files = [path for path in (example.image, example.label) if path is not None]
        return [fault for path in files for fault in ending_faults(path)]


def label_of(example: Example) -> Path:
    """The label's file. Raises `UserError` where there is none."""
    if example.label is None:
        raise user_error("no label", "The organisers keep it: choose another split", place=Place(str(example.image)))
    return example.label


def to_classes(values: Array, numbers: Mapping[int, int], place: Place) -> Array:
    """The numbers of a label file `(H, W)` as classes, uint8. Raises `UserError` for a number without a class."""
    values = values.astype(np.uint8) if values.dtype == np.bool_ else values
    table = np.full(_NUMBERS + 1, _UNKNOWN, np.uint8)
    for number, label in numbers.items():
        table[number] = label
    inside = (values >= 0) & (values < _NUMBERS) if values.dtype.itemsize > 2 else None
    classes: Array = table[values if inside is None else np.where(inside, values, _NUMBERS)]
    if np.any(classes == _UNKNOWN):
        unknown = np.unique(values[classes == _UNKNOWN]).tolist()
        raise user_error(unknown_values(unknown), f"Known are {_spans(numbers)}", place=place)
    return classes


def unknown_values(unknown: list[Any]) -> str:
    """The fact that a label holds these."""
    shown = ", ".join(map(str, unknown[:_MOST_SHOWN])) + (", …" if len(unknown) > _MOST_SHOWN else "")
    return f"label value{'s' if len(unknown) > 1 else ''} {shown} that no class has"


def _spans(numbers: Iterable[int]) -> str:
    """`0 to 11, 255`."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in spans)


def paired(
    images: Iterable[tuple[str, Path]],
    labels: Iterable[tuple[str, Path]],
    wanted: str,
    folders: tuple[Path, Path] | None = None,
) -> tuple[list[Example], list[Fault]]:
    """Images and labels of one name; every image and label left alone is a fault, and so is a name that comes twice.

    `wanted` says what a missing label would be called (`trainannot/{}.png`). `folders`, of images and of labels, are
    searched for a file of the missing name that has another ending, which the fault then names.
    """
    have_images, faults = _named(images)
    have_labels, twice = _named(labels)
    image_folder, label_folder = folders or (None, None)
    other_images = _Unread(image_folder, IMAGE_SUFFIXES, "images")
    other_labels = _Unread(label_folder, LABEL_SUFFIXES, "labels")
    for name, image in have_images.items():
        if name not in have_labels:
            fact = f"no label ({wanted.format(name)}){other_labels.words(name)}"
            faults.append(Fault(fact, "Add it, or take the image out", place=Place(str(image))))
    faults += twice
    for name, label in have_labels.items():
        if name not in have_images:
            fact = f"a label without its image{other_images.words(name)}"
            faults.append(Fault(fact, "Add the image, or take the label out", place=Place(str(label))))
    both = [name for name in have_images if name in have_labels]
    return [Example(name, have_images[name], have_labels[name]) for name in both], faults


def _named(files: Iterable[tuple[str, Path]]) -> tuple[dict[str, Path], list[Fault]]:
    """The first file of each name; each further one is a fault."""
    found: dict[str, Path] = {}
    faults = []
    for name, path in files:
        first = found.setdefault(name, path)
        if first is not path:
            faults.append(Fault(f"the same name as {first}", "Leave one of them", place=Place(str(path))))
    return found, faults


class _Unread:
    """Files of a folder that are not read for their ending; each folder is looked into once."""

    def __init__(self, folder: Path | None, suffixes: tuple[str, ...], what: str) -> None:
        self._folder, self._suffixes, self._what = folder, suffixes, what
        self._known: dict[Path, dict[str, str]] = {}

    def words(self, name: str) -> str:
        """`; x.heic is there, but images are read from .png, .jpg, …`, where there is such a file."""
        if self._folder is None:
            return ""
        missing = self._folder / name
        if missing.parent not in self._known:
            paths = missing.parent.iterdir() if missing.parent.is_dir() else ()
            others = {path.stem: path.name for path in paths if path.suffix.lower() not in self._suffixes}
            self._known[missing.parent] = others
        found = self._known[missing.parent].get(missing.name)
        return f"; {found} is there, but {self._what} are read from {', '.join(self._suffixes)}" if found else ""


def by_stem(files: Iterable[Path]) -> list[tuple[str, Path]]:
    """Files with their names."""
    return [(path.stem, path) for path in files]


def by_relative_stem(files: Iterable[Path], folder: Path) -> list[tuple[str, Path]]:
    """Files with their paths below a folder, without the ending: `street/rain/000012`."""
    return [(path.relative_to(folder).with_suffix("").as_posix(), path) for path in files]
