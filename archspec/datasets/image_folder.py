"""Classification: a folder for each split, in it a folder of images for each class."""

from __future__ import annotations

from pathlib import Path

from archspec.datasets._class_folders import FIRST, ClassDataset, class_folders, classes_named, examples_of, in_order
from archspec.datasets._contract import Example
from archspec.datasets._files import files_in, folders_in
from archspec.errors import Fault

ALL = "all"


class ImageFolder(ClassDataset):
    """`<split>/<class>/NAME.jpg`, the layout of Keras and torchvision; or `<class>/NAME.jpg`, one split called `all`.

    Images are PNG, JPEG, BMP, TIFF or WebP files, also in folders below that of the class. Classes are the folders of
    all splits together, in alphabetical order: the first is label 0.
    """

    name = "image_folder"

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        folders = [folder for split in self.splits for folder in self._folders(split)]
        self.classes = classes_named(sorted({folder.name for folder in folders}))
        self._numbers = {name: number for number, name in enumerate(self.classes.names)}

    @property
    def splits(self) -> tuple[str, ...]:
        """The folders that hold folders; `all` where images lie in the folders themselves, and none of those that hold
        folders is called `train` or `val`."""
        folders = folders_in(self.root)
        found = [folder.name for folder in folders if folders_in(folder)]
        if not set(found).intersection(FIRST) and any(files_in(folder) for folder in folders):
            return (ALL,)
        return in_order(found)

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Every image below the folder of each class."""
        folders, loose = class_folders(self._folder(split))
        return [example for folder in folders for example in examples_of(folder, folder.name)], loose

    def class_of(self, example: Example) -> int:
        return self._numbers[example.name.partition("/")[0]]

    def _folder(self, split: str) -> Path:
        return self.root if self.splits == (ALL,) else self.root / split

    def _folders(self, split: str) -> list[Path]:
        return folders_in(self._folder(split))
