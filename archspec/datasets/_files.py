"""Data sets whose images and labels are files: pairs found by name, labels through a table of numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archspec.datasets._contract import Dataset, Example, Size
from archspec.datasets._endings import ending_faults
from archspec.datasets._images import IMAGE_SUFFIXES, read_indices, read_rgb, size_of
from archspec.errors import Fault, Place, UserError, user_error

Array = np.ndarray[Any, Any]

_UNKNOWN = 254
"""What a table gives for a number that no class has; no data set here has 254 classes."""

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
        return read_rgb(example.image)

    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8. Raises `UserError` with the file's name."""
        file = label_of(example)
        return to_classes(read_indices(file), self.numbers, Place(str(file)))

    def image_size(self, example: Example) -> Size:
        """The size of the image, from the file's header. Raises `UserError`."""
        return size_of(example.image)

    def label_size(self, example: Example) -> Size:
        """The size of the label, from the file's header. Raises `UserError`."""
        return size_of(label_of(example))

    def file_faults(self, example: Example) -> list[Fault]:
        """Files that do not end as PNG and JPEG files do."""
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
    table = np.full(max(256, int(values.max(initial=0)) + 1), _UNKNOWN, np.uint8)
    for number, label in numbers.items():
        table[number] = label
    classes: Array = table[values]
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
    images: Iterable[tuple[str, Path]], labels: Iterable[tuple[str, Path]], wanted: str
) -> tuple[list[Example], list[Fault]]:
    """Images and labels of one name; every image and label left alone is a fault.

    `wanted` says what a missing label would be called (`trainannot/{}.png`).
    """
    found: dict[str, Example] = {}
    faults: list[Fault] = []
    left = dict(labels)
    for name, image in images:
        label = left.pop(name, None)
        if name in found:
            faults.append(Fault(f"the same name as {found[name].image}", "Leave one of them", place=Place(str(image))))
        elif label is None:
            fact = f"no label ({wanted.format(name)})"
            faults.append(Fault(fact, "Add it, or take the image out", place=Place(str(image))))
        else:
            found[name] = Example(name, image, label)
    return list(found.values()), faults + [_no_image(label) for label in left.values()]


def by_stem(files: Iterable[Path]) -> list[tuple[str, Path]]:
    """Files with their names."""
    return [(path.stem, path) for path in files]


def _no_image(label: Path) -> Fault:
    return Fault("a label without its image", "Add the image, or take the label out", place=Place(str(label)))


def files_in(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """The files of a folder with one of these suffixes, in order. Raises `UserError` for a folder it cannot read."""
    wanted = tuple(suffixes)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in wanted and path.name[0] != ".")
    except OSError as error:
        raise _not_readable(folder, error) from error


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, in order. Raises `UserError` for one it cannot read."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    except OSError as error:
        raise _not_readable(folder, error) from error


def is_folder(path: Path) -> bool:
    """Whether it is one. Raises `UserError` where that may not be known."""
    try:
        return path.is_dir()
    except OSError as error:
        raise _not_readable(path, error) from error


def _not_readable(path: Path, error: OSError) -> UserError:
    return user_error(f"cannot be read ({error.strerror or error})", "Is it the right folder?", place=Place(str(path)))
