"""A folder of your own: images, label PNGs of class numbers, and a list of classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from archspec.datasets._class_list import FILE, read_class_list
from archspec.datasets._contract import IGNORE, Example
from archspec.datasets._files import FileDataset, by_relative_stem, files_below, folders_in, is_folder, paired
from archspec.datasets._images import LABEL_SUFFIXES
from archspec.errors import Fault

ALL = "all"


class Folder(FileDataset):
    """`images/<split>/NAME.jpg`, `labels/<split>/NAME.png` and `classes.txt`, one class a line.

    Images are PNG, JPEG, BMP, TIFF or WebP files, labels PNG, BMP or TIFF. NAME may have folders in it, the same ones
    for both.

    Without folders for the splits, `images/` and `labels/` hold one split that is called `all`. The first class is
    label 0; 255 is ignored.
    """

    name = "folder"

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self.classes = read_class_list(self.root / FILE)

    @property
    def numbers(self) -> Mapping[int, int]:
        """Each class's number is its own."""
        return {number: number for number in range(len(self.classes))} | {IGNORE: IGNORE}

    @property
    def splits(self) -> tuple[str, ...]:
        """The folders in `images/`, `train` and `val` first; `all` where there are none."""
        images = self.root / "images"
        if not is_folder(images):
            return ()
        names = [path.name for path in folders_in(images)]
        return tuple(sorted(names, key=lambda name: (name not in ("train", "val"), name))) or (ALL,)

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Pairs by path below the split's folder, without the ending."""
        images, labels = self.root / "images", self.root / "labels"
        if split != ALL or is_folder(images / split):
            images, labels = images / split, labels / split
        wanted = f"{labels.relative_to(self.root)}/{{}}.png"
        found = by_relative_stem(files_below(images), images)
        return paired(found, by_relative_stem(files_below(labels, LABEL_SUFFIXES), labels), wanted, (images, labels))
