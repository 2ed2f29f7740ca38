"""A folder of your own: images, label PNGs of class numbers, and a list of classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from archspec.datasets._class_list import FILE, read_class_list
from archspec.datasets._contract import IGNORE, Example
from archspec.datasets._files import FileDataset, by_stem, files_in, folders_in, is_folder, paired
from archspec.errors import Fault

ALL = "all"


class Folder(FileDataset):
    """`images/<split>/NAME.jpg` or `.png`, `labels/<split>/NAME.png` and `classes.txt`, one class a line.

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
        """Pairs by stem."""
        images, labels = self.root / "images", self.root / "labels"
        if split != ALL or is_folder(images / split):
            images, labels = images / split, labels / split
        wanted = f"{labels.relative_to(self.root)}/{{}}.png"
        return paired(by_stem(files_in(images)), by_stem(files_in(labels, (".png",))), wanted)
