"""Checks of a split: a quick one that decodes nothing, one that reads every file, and one of what labels hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import IGNORE, Dataset, Example, Size, class_pixels
from archspec.datasets._images import label_image_size
from archspec.errors import Fault, UserError, user_error
from archspec.graph.task import CLASSIFICATION

MOST_LABELS = 200  # read to look for what is wrong; evenly spread over the split
MOST_IGNORED = 1 / 3  # of the pixels: more is a caution
MOST_NAMED = 6
_THREADS = 4  # decoding runs outside the interpreter's lock
MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Pixels of each class (images, where a label is one number), and of none (`ignored`), in `examined` of the split's
    `labels` labels."""

    pixels: tuple[int, ...]
    ignored: int
    labels: int
    examined: int

    @property
    def ignored_share(self) -> float:
        """Of all pixels; 0 where there are none."""
        return self.ignored / max(1, self.ignored + sum(self.pixels))


def count_labels(dataset: Dataset, split: str, examples: Sequence[Example] | None = None) -> LabelCounts:
    """Of up to 200 labels, evenly spread over a split or over some `examples` of it; once for each data set.

    Raises `UserError` for a label that cannot be read, and where no pixel of any label has a class: all are read then.
    """
    chosen = [one for one in (dataset.examples(split) if examples is None else examples) if one.label is not None]
    if not chosen:
        fact = f"the labels of the split '{split}' are not public"
        raise user_error(fact, "Choose another split", place=dataset.place)
    key = (split, tuple(one.name for one in chosen))
    if key not in dataset.label_counts:
        dataset.label_counts[key] = _counted(dataset, chosen)
    counts = dataset.label_counts[key]
    if not sum(counts.pixels):
        fact = f"no pixel of the {counts.labels} labels of the split '{split}' has a class"
        fact += f": all are ignored{_by_which_number(dataset)}" if counts.ignored else ""
        raise user_error(fact, "Nothing can be learned or scored from it: look at the labels", place=dataset.place)
    return counts


def cautions(dataset: Dataset, found: Mapping[str, LabelCounts]) -> tuple[str, ...]:
    """What looks wrong about the labels of some splits, a line each, with the likely cause.

    A class without a pixel in any of them, as far as all labels were read; more than a third of the pixels ignored.
    """
    if not found:
        return ()
    pixels = np.sum([counts.pixels for counts in found.values()], axis=0)
    absent = [name for name, count in zip(dataset.classes.names, pixels.tolist(), strict=True) if not count]
    one_left = len(absent) >= len(pixels) - 1 and any(counts.ignored for counts in found.values())
    whole = all(counts.examined == counts.labels for counts in found.values())
    ignoring = [
        f"{split}: {100 * counts.ignored_share:.0f} % of the labels' pixels are ignored"
        for split, counts in found.items()
        if counts.ignored_share > MOST_IGNORED
    ]
    lines = []
    if absent and (whole or one_left):
        some = ", ".join(f"'{name}'" for name in absent[:MOST_NAMED])
        more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
        what = "image" if dataset.task == CLASSIFICATION else "pixel"
        lines.append(f"no {what} of class {some}{more} in {', '.join(found)}")
    lines += ignoring
    if lines and one_left and _numbers(dataset).get(IGNORE) == IGNORE:
        listed = ", or say in the list of classes which one it is (NAME = 255)" if dataset.lists_numbers else ""
        lines.append(f"255 means ignored; in masks of 0 and 255 write 1, not 255, for the foreground{listed}")
    elif ignoring:
        lines.append(f"what is ignored{_by_which_number(dataset)} is neither trained on nor scored")
    return tuple(lines)


def label_cautions(dataset: Dataset) -> tuple[str, ...]:
    """`cautions` of the splits `train` and `val`, where there are any. Raises `UserError` as `count_labels` does."""
    splits = [split for split in ("train", "val") if split in dataset.splits]
    return cautions(dataset, {split: count_labels(dataset, split) for split in splits})


def _counted(dataset: Dataset, examples: Sequence[Example]) -> LabelCounts:
    """Of the chosen labels, and of all further ones until some pixel has a class."""
    step = 1 if dataset.task == CLASSIFICATION else max(1, -(-len(examples) // MOST_LABELS))  # no file is read for it
    first = list(examples[::step])
    pixels = sum(_label_pixels(dataset, first), np.zeros(label_values(dataset), np.int64))
    classes, examined = len(dataset.classes), len(first)
    if not pixels[:classes].any():
        rest = [example for number, example in enumerate(examples) if number % step]
        for counts in _label_pixels(dataset, rest):
            pixels, examined = pixels + counts, examined + 1
            if pixels[:classes].any():
                break
    return LabelCounts(tuple(pixels[:classes].tolist()), _ignored(dataset, pixels), len(examples), examined)


def label_values(dataset: Dataset) -> int:
    """How many numbers a label may hold: a byte has 256, the class of an image any."""
    return len(dataset.classes) if dataset.task == CLASSIFICATION else 256


def _ignored(dataset: Dataset, pixels: Array) -> int:
    return 0 if dataset.task == CLASSIFICATION else int(pixels[IGNORE])


def _label_pixels(dataset: Dataset, examples: Sequence[Example]) -> Iterator[Array]:
    """The pixels of each number 0 to 255 in each label."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="archspec-labels") as pool:
        for start in range(0, len(examples), 4 * _THREADS):
            some = examples[start : start + 4 * _THREADS]
            yield from pool.map(lambda one: label_counts(dataset, dataset.read_label(one)), some)


def label_counts(dataset: Dataset, label: Array) -> Array:
    """How many pixels of a label have each number; of masks each class; of the label of a whole image, a one at its
    class."""
    if dataset.multi_label:
        return class_pixels(label)
    return np.bincount(label.ravel(), minlength=label_values(dataset))


def _numbers(dataset: Dataset) -> Mapping[int, int]:
    """The class of each number in a label file, where labels are files of numbers."""
    found: Mapping[int, int] = getattr(dataset, "numbers", {})
    return found


def _by_which_number(dataset: Dataset) -> str:
    """` (255)`: the numbers that stand for ignored pixels, where they are few."""
    ignored = [number for number, label in _numbers(dataset).items() if label == IGNORE]
    return f" ({', '.join(map(str, ignored))})" if 0 < len(ignored) <= MOST_NAMED else ""


def check_before_training(dataset: Dataset, split: str) -> None:
    """Look at every file's name, header and end, decoding none.

    Raises `UserError` with the faults: missing files, files cut short, sizes that differ. A label value without a
    class shows only when the label is read.
    """
    faults = [fault for example in dataset.examples(split) for fault in _quick_faults(dataset, example)]
    if faults:
        raise UserError(first_of(faults))


def first_of(faults: list[Fault]) -> list[Fault]:
    """All faults, or the first 50 and how many there are."""
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
    """Whether the photo's EXIF orientation exchanges its height and width."""
    try:
        return label_image_size(example.image) != size
    except UserError:  # a shard of many
        return False


def read_pair(dataset: Dataset, example: Example) -> tuple[Array, Array]:
    """Image and label of one size. Raises `UserError`."""
    image, label = dataset.read_image(example), dataset.read_label(example)
    if dataset.task == CLASSIFICATION:
        return image, label
    faults = _size_faults(dataset, example, (image.shape[0], image.shape[1]), (label.shape[0], label.shape[1]))
    if faults:
        raise UserError(faults)
    return image, label


@dataclass(frozen=True, slots=True)
class Checked:
    """A split of which every file was read. `pixels` and `images` count each class, `ignored` the pixels of none.

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


def check(dataset: Dataset, split: str, progress: Callable[[int, int], None] = lambda done, total: None) -> Checked:
    """Read every image and label of a split. `progress(done, total)` is called after each.

    Raises `UserError` only where there is nothing to read: no such split, an empty one.
    """
    dataset.require(split)
    examples, faults = dataset.find(split)
    if not examples and not faults:
        raise dataset.empty(split)
    examples = sorted(examples, key=lambda example: example.name)
    pixels, images = np.zeros((2, label_values(dataset)), np.int64)
    sizes: set[Size] = set()
    for done, (size, counts, found) in enumerate(_read_all(dataset, examples), 1):
        faults += found
        sizes |= {size} if size else set()
        pixels += counts
        images += counts > 0
        progress(done, len(examples))
    classes = len(dataset.classes)
    labelled = sum(example.label is not None for example in examples)
    return Checked(split, len(examples), labelled, tuple(sorted(sizes)), tuple(pixels[:classes].tolist()),
                   tuple(images[:classes].tolist()), _ignored(dataset, pixels), tuple(faults))  # fmt: skip


def _read_all(dataset: Dataset, examples: list[Example]) -> Iterator[tuple[Size | None, Array, list[Fault]]]:
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(lambda example: _read(dataset, example), examples)


def _read(dataset: Dataset, example: Example) -> tuple[Size | None, Array, list[Fault]]:
    """The image's size, how many pixels each label has, and what is wrong."""
    size, none = None, np.zeros(label_values(dataset), np.int64)
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
    if size and dataset.task != CLASSIFICATION:
        faults += _size_faults(dataset, example, size, (label.shape[0], label.shape[1]))
    return size, label_counts(dataset, label), faults
