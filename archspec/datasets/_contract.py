"""What every data set is: classes, splits, examples, each with its image and label as plain arrays; and opening one."""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from archspec.arrays import Array
from archspec.catalog import load, members
from archspec.datasets._image_form import RGB, ImageForm
from archspec.errors import Fault, Place, UserError, nearest, user_error
from archspec.files import expanded
from archspec.graph.task import CLASSIFICATION, SEGMENTATION, Task

if TYPE_CHECKING:
    from PIL import Image

    from archspec.datasets._check import LabelCounts


IGNORE = 255
"""The label of a pixel that is neither trained on nor scored."""

Colour = tuple[int, int, int]
Size = tuple[int, int]
"""`(height, width)` in pixels."""


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes in the order of their numbers, 0 first, with the colour each is drawn in.

    `numbers` are those that label files have for them, where these are others.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    numbers: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Example:
    """One image and its label. `name` is its own within the split; `image` and `label` are where they come from.

    `label` is None where the organisers keep it to themselves (a test split). `more` are further files of the image,
    whose channels stand behind its own, `more_labels` further masks.
    """

    name: str
    image: Path
    label: Path | None
    more: tuple[Path, ...] = ()
    more_labels: tuple[Path, ...] = ()

    @property
    def images(self) -> tuple[Path, ...]:
        """All files of the image, in the order of their channels."""
        return (self.image, *self.more)


class Dataset(ABC):
    """A data set at `root`. A file of this folder holds one subclass, found by the file's stem (`camvid:DIR`).

    `task` is what its labels are for. `label_counts` is what `count_labels` has found out, by split and examples.
    """

    name: ClassVar[str]
    needs_folder: ClassVar[bool] = True
    lists_numbers: ClassVar[bool] = False  # its list of classes may say which number each has in label files
    task: ClassVar[Task] = SEGMENTATION
    classes: Classes

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._form: ImageForm | None = None
        self._examples: dict[str, tuple[Example, ...]] = {}
        self.label_counts: dict[tuple[str, tuple[str, ...]], LabelCounts] = {}

    @property
    def place(self) -> Place:
        """The folder, for messages."""
        return Place(str(self.root or self.name))

    @property
    def multi_label(self) -> bool:
        """Whether several classes may hold at a pixel: labels are then masks `(H, W, classes)` of 0 and 1."""
        return False

    def label_shape(self, size: Size) -> tuple[int, ...]:
        """The shape of a label of that size."""
        if self.task == CLASSIFICATION:
            return ()
        return (*size, len(self.classes)) if self.multi_label else size

    @property
    def channels(self) -> tuple[int, ...]:
        """How many channels its images can be read as, their own number first; empty where that is not known."""
        return (RGB,)

    @property
    def form(self) -> ImageForm:
        """How images are read: as a network wants them (`in_form`), else as RGB, or with the channels that they have
        where that cannot be (the first image of RGBA has transparent pixels)."""
        if self._form is None:
            self._form = self._usual_form()  # once it is known: several threads may ask at the same time
        return self._form

    def _usual_form(self) -> ImageForm:
        offered = self.channels
        usual = ImageForm(RGB if RGB in offered or not offered else offered[0])
        if RGB in offered and offered[0] > RGB:
            try:
                self.in_form(usual).read_image(self.examples(self.splits[0])[0])
            except UserError:
                return ImageForm(offered[0])
        return usual

    def in_form(self, form: ImageForm) -> Dataset:
        """The same data set, whose images are read in this form."""
        if self._form == form:
            return self
        found = copy.copy(self)
        found._form = form
        return found

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits there are, `train` and `val` where the organisers have them."""

    @abstractmethod
    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """The examples of one of the splits, in any order, and everything that is wrong with the others.

        Raises `UserError` where nothing can be found at all (a folder that cannot be read).
        """

    def examples(self, split: str) -> tuple[Example, ...]:
        """Every example of a split, in order of their names.

        Raises `UserError` with every fault that shows without opening an image: no such folder or split, an
        empty split, an image without a label.
        """
        if split not in self._examples:
            self.require(split)
            found, faults = self.find(split)
            if faults:
                raise UserError(faults)
            if not found:
                raise self.empty(split)
            self._examples[split] = tuple(sorted(found, key=lambda example: example.name))
        return self._examples[split]

    def require(self, split: str) -> None:
        """Raises `UserError` when there is no such split."""
        if split not in self.splits:
            remedy = nearest(split, self.splits) or "Is it the right folder?"
            raise user_error(f"{self.name} has no split '{split}' here", remedy, place=self.place)

    def empty(self, split: str) -> UserError:
        """What is wrong with a split of no examples."""
        return user_error(f"the split '{split}' is empty", "Is it the right folder?", place=self.place)

    @abstractmethod
    def read_image(self, example: Example) -> Array:
        """The image `(H, W, channels)` in its `form`, uint8 or float32 in 0..255. Raises `UserError` with the file's
        name."""

    @abstractmethod
    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8: 0 to len(classes) - 1, or `IGNORE`; of a multi-label data set masks
        `(H, W, classes)` of 0 and 1; where the `task` is classification the class of the image, an array of no axes,
        int32.

        Raises `UserError` with the file's name: unreadable, no label at all, or a value that no class has.
        """

    def label_place(self, example: Example) -> Place:
        """Where the label is, for messages."""
        return Place(str(example.label))

    def image_size(self, example: Example) -> Size:
        """The size of the image. A subclass may know without reading it all. Raises `UserError`."""
        height, width = self.read_image(example).shape[:2]
        return height, width

    def label_size(self, example: Example) -> Size:
        """The size of the label. A subclass may know without reading it all. Raises `UserError`."""
        height, width = self.read_label(example).shape[:2]
        return height, width

    def file_faults(self, example: Example) -> list[Fault]:
        """What can be seen to be wrong with its files without decoding them: cut short, not an image."""
        return []

    def fingerprint(self, split: str) -> str:
        """16 hexadecimal letters that stand for the split: the names of its examples and the sizes of their files."""
        found = hashlib.sha256(repr((self.name, split, self.classes.names)).encode())
        sizes: dict[Path | None, int] = {None: 0}
        for example in self.examples(split):
            for path in (*example.images, example.label, *example.more_labels):
                if path not in sizes and path is not None:
                    sizes[path] = _bytes(path)
            further = [sizes[path] for path in (*example.more, *example.more_labels)]
            found.update(repr((example.name, sizes[example.image], sizes[example.label], *further)).encode())
        return found.hexdigest()[:16]

    def prediction_path(self, example: Example) -> Path:
        """Where the organisers look for the prediction of an example, in the folder of all predictions."""
        return Path(f"{example.name}.png")

    def encode_prediction(self, labels: Array) -> Image.Image:
        """Predicted classes `(H, W)`, uint8, as the PNG that the organisers read."""
        from PIL import Image

        return Image.fromarray(labels)


MASK_AXES = 3


def class_pixels(label: Array) -> Array:
    """The pixels of each number 0 to 255 `(256,)`, int64, in a label `(H, W)`; of masks those of each class, and at 255
    the ignored ones."""
    if label.ndim < MASK_AXES:
        return np.bincount(label.ravel(), minlength=256)
    found = np.zeros(256, np.int64)
    found[: label.shape[2]] = np.count_nonzero(label == 1, (0, 1))
    found[IGNORE] = np.count_nonzero((label == IGNORE).any(-1))
    return found


def topmost(label: Array) -> Array:
    """Masks `(H, W, classes)` as one map for drawing: the last class that holds, 255 for none; a map as it is."""
    if label.ndim < MASK_AXES:
        return label
    held = label[..., ::-1] == 1
    last = label.shape[2] - 1 - held.argmax(-1)
    return np.where(held.any(-1), last, IGNORE).astype(np.uint8)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise user_error(f"cannot be read ({error.strerror or error})", place=Place(str(path))) from error


def names() -> tuple[str, ...]:
    """The names of all data sets, the bundled ones in alphabetical order first: files, none of them imported."""
    return tuple(members("datasets"))


def open_dataset(reference: str) -> Dataset:
    """The data set of a reference: `camvid:DIR`, or `synthetic_streets`, which needs no folder.

    Only the folder is looked at. Raises `UserError` for an unknown name, a missing folder, or one that cannot be read.
    """
    name, _, folder = reference.partition(":")
    name = name.strip().lower().replace("-", "_")
    if name not in names():
        raise user_error(f"unknown data set '{name}'", nearest(name, names()))
    kind = dataset_class(name)
    if not kind.needs_folder:
        if folder:
            raise user_error(f"{name} is generated and has no folder ('{folder}')", f"Write only {name}")
        return kind(None)
    if not folder:
        raise user_error(f"{name} needs the folder it is in", f"Write {name}:DIR")
    return kind(_readable(expanded(folder), name))


def dataset_class(name: str) -> type[Dataset]:
    """The one subclass of `Dataset` in the file `name`."""
    module = load("datasets", name)
    found = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Dataset) and kind.__module__ == module.__name__
    ]
    if len(found) != 1:
        fact = f"a file of datasets must define one subclass of Dataset ({len(found)} found)"
        raise user_error(fact, "Write it as docs/plugins.md shows", place=Place(module.__file__, 1, 1))
    return found[0]


def _readable(folder: Path, name: str) -> Path:
    place = Place(str(folder))
    try:
        if not folder.exists():
            raise user_error("no such folder", f"Name the folder that holds {name}", place=place)
        if not folder.is_dir():
            raise user_error("not a folder", f"Name the folder that holds {name}", place=place)
        next(folder.iterdir(), None)
    except OSError as error:
        raise user_error(f"cannot be read ({error.strerror or error})", "Check its permissions", place=place) from error
    return folder
