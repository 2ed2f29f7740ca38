"""What every data set is: classes, splits, examples, and each example's image and label as plain arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

IGNORE = 255
"""The label of a pixel that is neither trained on nor scored."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes in the order of their numbers, 0 first, with the colour each is drawn in."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Example:
    """One image and its label. `name` is its own within the split; `image` and `label` are where they come from.

    `label` is None where the organisers keep it to themselves (a test split).
    """

    name: str
    image: Path
    label: Path | None


class Dataset(ABC):
    """A data set at `root`. A file of this folder holds one subclass, found by the file's stem (`camvid:DIR`)."""

    name: ClassVar[str]
    needs_folder: ClassVar[bool] = True
    classes: Classes

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits there are, `train` and `val` where the organisers have them."""

    @abstractmethod
    def examples(self, split: str) -> tuple[Example, ...]:
        """Every example of a split, in order of their names.

        Raises `UserError` with every fault that can be told without opening an image: no such folder or split, an
        empty split, an image without a label.
        """

    @abstractmethod
    def read_image(self, example: Example) -> Array:
        """The image `(H, W, 3)`, uint8 RGB. Raises `UserError` with the file's name."""

    @abstractmethod
    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8: 0 to len(classes) - 1, or `IGNORE`.

        Raises `UserError` with the file's name: unreadable, no label at all, or a value that no class has.
        """

    def image_size(self, example: Example) -> tuple[int, int]:
        """`(height, width)` of the image. A subclass may know without reading it all. Raises `UserError`."""
        height, width = self.read_image(example).shape[:2]
        return height, width
