"""Data sets whose images and labels are files: which files are data, pairs by name, labels through a table."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Dataset, Example, Size
from archspec.datasets._image_stack import ARRAY_SUFFIX, array_faults, read_stack, stack_size
from archspec.datasets._images import (
    IMAGE_SUFFIXES,
    LABEL_SUFFIXES,
    check_decodes,
    label_image_size,
    read_indices,
    unreadable,
)
from archspec.errors import Fault, Place, UserError, user_error
from archspec.files import exists, is_file

HEAD_BYTES, TAIL_BYTES = 32, 1024  # some cameras and tools append a few bytes
_BMP, _RIFF = b"BM", b"RIFF"  # both say how long they are
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_UNKNOWN = 254
"""What a table gives for a number that no class has; no data set here has 254 classes."""
_NUMBERS = 1 << 16
"""Numbers in labels are below this."""
_MOST_SHOWN = 8


def files_in(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """The files of a folder with one of these suffixes, in order. Raises `UserError` for a folder it cannot read.

    Hidden ones are left out: macOS writes a `._x.png` beside every `x.png` on other people's disks.
    """
    wanted = tuple(suffixes)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in wanted and not is_hidden(path.name))
    except OSError as error:
        raise _not_readable(folder, error) from error


def files_below(folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> list[Path]:
    """As `files_in`, of a folder and all folders in it, links to folders among them."""
    wanted = tuple(suffixes)
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    try:
        for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
            status = os.stat(root)
            if (status.st_dev, status.st_ino) in seen:  # a link that leads back
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = [name for name in folders if not is_hidden(name)]
            paths = (Path(root, name) for name in names if not is_hidden(name))
            found += [path for path in paths if path.suffix.lower() in wanted]
    except OSError as error:
        raise _not_readable(Path(error.filename or folder), error) from error
    return sorted(found)


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder but for hidden ones, in order. Raises `UserError` for one it cannot read."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name))
    except OSError as error:
        raise _not_readable(folder, error) from error


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is no data: hidden, or macOS's own in an archive."""
    return name.startswith(".") or name == "__MACOSX"


def _raise(error: OSError) -> None:
    raise error


def is_folder(path: Path) -> bool:
    """Whether it is one. Raises `UserError` where that may not be known."""
    try:
        return path.is_dir()
    except OSError as error:
        raise _not_readable(path, error) from error


def _not_readable(path: Path, error: OSError) -> UserError:
    return user_error(f"cannot be read ({error.strerror or error})", "Is it the right folder?", place=Place(str(path)))


def ending_faults(path: Path) -> list[Fault]:
    """What is wrong with an image file, as far as its first and last bytes tell.

    A file whose end looks wrong is decoded before it is called broken: readers forgive some of them.
    """
    if exists(path) and not is_file(path):
        return [Fault("not a file (a pipe, a device or a folder)", "Take it out", place=Place(str(path)))]
    if path.suffix.lower() == ARRAY_SUFFIX:
        return array_faults(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - TAIL_BYTES))
            tail = stream.read()
    except OSError as error:
        return list(unreadable(Place(str(path)), error).faults)
    if looks_whole(head, tail, size):
        return []
    try:
        check_decodes(path)
    except UserError as error:
        return list(error.faults)
    return []


def looks_whole(head: bytes, tail: bytes, size: int) -> bool:
    """Whether a file of `size` bytes begins and ends as a PNG or a JPEG does, or is as long as a BMP or WebP says."""
    if head.startswith(_PNG):
        return _PNG_END in tail
    if head.startswith(_BMP):
        return int.from_bytes(head[2:6], "little") == size
    if head.startswith(_RIFF):
        return int.from_bytes(head[4:8], "little") + 8 == size
    return head.startswith(_JPEG) and _JPEG_END in tail


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
        return read_stack(example.images, self.form)

    def read_label(self, example: Example) -> Array:
        file = label_of(example)
        return to_classes(read_indices(file), self.numbers, Place(str(file)))

    def image_size(self, example: Example) -> Size:
        """The size of the image, from the file's header. Raises `UserError`."""
        return stack_size(example.image)

    def label_size(self, example: Example) -> Size:
        """The size of the label, from the file's header. Raises `UserError`."""
        return label_image_size(label_of(example))

    def file_faults(self, example: Example) -> list[Fault]:
        files = [path for path in (*example.images, example.label, *example.more_labels) if path is not None]
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
