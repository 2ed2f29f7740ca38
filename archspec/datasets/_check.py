"""What is wrong with a split: all that can be known in a moment, or all there is, and that as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.datasets._contract import Dataset, Example, Size
from archspec.datasets._images import label_image_size
from archspec.datasets._label_counts import LabelCounts, cautions
from archspec.errors import Fault, UserError
from archspec.reporters import Cell, Column, Table

Array = np.ndarray[Any, Any]

_THREADS = 4  # decoding runs outside the interpreter's lock
MOST_FAULTS = 50
_MOST_SIZES = 3  # named in a note


def check_before_training(dataset: Dataset, split: str) -> None:
    """Look at every file's name, header and end, decoding none.

    Raises `UserError` with the faults: missing files, files cut short, sizes that differ. A label value without a
    class shows only when the label is read.
    """
    faults = [fault for example in dataset.examples(split) for fault in _quick_faults(dataset, example)]
    if faults:
        raise UserError(first_of(faults))


def first_of(faults: list[Fault]) -> list[Fault]:
    """All faults, or the first of very many and how many there are."""
    if len(faults) <= MOST_FAULTS:
        return faults
    return [*faults[:MOST_FAULTS], Fault(f"and {len(faults) - MOST_FAULTS} more of {len(faults)} in all")]


def _quick_faults(dataset: Dataset, example: Example) -> list[Fault]:
    faults = dataset.file_faults(example)
    if faults or example.label is None:
        return faults
    try:
        return _size_faults(dataset, example, dataset.image_size(example), dataset.label_size(example))
    except UserError as error:
        return list(error.faults)


def _size_faults(dataset: Dataset, example: Example, image: Size, label: Size) -> list[Fault]:
    """A label that is not of its image's size."""
    if image == label:
        return []
    fact = f"the label is {label[1]} × {label[0]} pixels and its image {image[1]} × {image[0]} ({example.image})"
    remedy = "They must be of one size"
    if label == image[::-1] and _is_turned(example, image):
        remedy += ", the image as its EXIF orientation turns it: turn the label too"
    return [Fault(fact, remedy, place=dataset.label_place(example))]


def _is_turned(example: Example, size: Size) -> bool:
    """Whether the photo lies on its side in its file."""
    try:
        return label_image_size(example.image) != size
    except UserError:  # a shard of many
        return False


def read_pair(dataset: Dataset, example: Example) -> tuple[Array, Array]:
    """Image and label of one size. Raises `UserError`."""
    image, label = dataset.read_image(example), dataset.read_label(example)
    faults = _size_faults(dataset, example, (image.shape[0], image.shape[1]), (label.shape[0], label.shape[1]))
    if faults:
        raise UserError(faults)
    return image, label


@dataclass(frozen=True, slots=True)
class Checked:
    """A split, all of it read. `pixels` and `images` count each class, `ignored` the pixels of none.

    `sizes` are those of the images. What could not be read is in `faults` and not counted.
    """

    split: str
    examples: int
    labelled: int
    sizes: tuple[Size, ...]
    pixels: tuple[int, ...]
    images: tuple[int, ...]
    ignored: int
    faults: tuple[Fault, ...]

    @property
    def label_counts(self) -> LabelCounts:
        """Of all labels that could be read."""
        return LabelCounts(self.pixels, self.ignored, self.labelled, self.labelled)


def check(dataset: Dataset, split: str, watch: Callable[[int, int], None] = lambda done, total: None) -> Checked:
    """Read every image and label of a split. `watch(done, total)` is told how far it is.

    Raises `UserError` only where there is nothing to read: no such split, an empty one.
    """
    dataset.require(split)
    examples, faults = dataset.find(split)
    if not examples and not faults:
        raise dataset.empty(split)
    examples = sorted(examples, key=lambda example: example.name)
    pixels, images = np.zeros(256, np.int64), np.zeros(256, np.int64)
    sizes: set[Size] = set()
    for done, (size, counts, found) in enumerate(_read_all(dataset, examples), 1):
        faults += found
        sizes |= {size} if size else set()
        pixels += counts
        images += counts > 0
        watch(done, len(examples))
    classes = len(dataset.classes)
    labelled = sum(example.label is not None for example in examples)
    return Checked(split, len(examples), labelled, tuple(sorted(sizes)), tuple(pixels[:classes].tolist()),
                   tuple(images[:classes].tolist()), int(pixels[255]), tuple(faults))  # fmt: skip


def _read_all(dataset: Dataset, examples: list[Example]) -> Iterator[tuple[Size | None, Array, list[Fault]]]:
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(lambda example: _read(dataset, example), examples)


def _read(dataset: Dataset, example: Example) -> tuple[Size | None, Array, list[Fault]]:
    """The image's size, how many pixels each label has, and what is wrong."""
    size, none = None, np.zeros(256, np.int64)
    faults: list[Fault] = []
    try:
        height, width = dataset.read_image(example).shape[:2]
        size = (height, width)
    except UserError as error:
        faults += error.faults
    if example.label is None:
        return size, none, faults
    try:
        label = dataset.read_label(example)
    except UserError as error:
        return size, none, faults + list(error.faults)
    if size:
        faults += _size_faults(dataset, example, size, (label.shape[0], label.shape[1]))
    return size, np.bincount(label.ravel(), minlength=256), faults


def checked_table(dataset: Dataset, reference: str, checked: Sequence[Checked]) -> Table:
    """Each class of each split: its pixels, its share of the labelled ones, and how many images show it.

    Notes say what looks wrong about the labels.
    """
    columns = (
        Column("split", "split"),
        Column("label", "label", kind="integer"),
        Column("class", "class"),
        Column("pixels", "pixels", kind="integer"),
        Column("percent", "of labelled", "%", kind="number", digits=2),
        Column("images", "images", kind="integer"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in checked:
        known = sum(one.pixels)
        for label, name in enumerate(dataset.classes.names if one.labelled else ()):
            pixels = one.pixels[label]
            rows.append((one.split, label, name, pixels, 100 * pixels / known if known else None, one.images[label]))
    labelled = {one.split: one.label_counts for one in checked if one.pixels and one.labelled}
    looks_wrong = tuple(f"caution: {line}" for line in cautions(dataset, labelled))
    return Table(reference, columns, tuple(rows), (*(_note(dataset, one) for one in checked), *looks_wrong))


def _note(dataset: Dataset, one: Checked) -> str:
    """`train: 367 images, 480 × 360; 3.95 % of the pixels ignored; fingerprint …`."""
    sizes = [f"{width} × {height}" for height, width in one.sizes[:_MOST_SIZES]]
    more = f" and {len(one.sizes) - _MOST_SIZES} other sizes" if len(one.sizes) > _MOST_SIZES else ""
    parts = [f"{one.split}: {one.examples} images, {', '.join(sizes)}{more}"]
    pixels = sum(one.pixels) + one.ignored
    if not one.labelled:
        parts.append("labels not public")
    elif pixels:
        parts.append(f"{100 * one.ignored / pixels:.2f} % of the pixels ignored")
    if one.faults:
        parts.append(f"{len(one.faults)} fault{'s' if len(one.faults) > 1 else ''}")
    else:
        parts.append(f"fingerprint {dataset.fingerprint(one.split)}")
    return "; ".join(parts)
