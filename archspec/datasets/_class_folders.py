"""Data sets of classification: one number an image, which the folder of an image or a list says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Classes, Example, Size
from archspec.datasets._files import FileDataset, ending_faults, files_below, files_in, folders_in
from archspec.errors import Fault, Place
from archspec.graph.task import CLASSIFICATION

FIRST = ("train", "val")  # splits that stand first


class ClassDataset(FileDataset):
    """A `FileDataset` whose label is the number of one class for the whole image, 0 first; nothing is ignored.

    An example's `label` is the image itself: its class is told by where it lies or what a list says. Names of examples
    begin with their class's folder, so a fingerprint of names holds the labels too.
    """

    task = CLASSIFICATION

    @abstractmethod
    def class_of(self, example: Example) -> int:
        """The number of its class. Raises `UserError` where there is none."""

    @property
    def numbers(self) -> Mapping[int, int]:
        """None: labels are no files."""
        return {}

    def read_label(self, example: Example) -> Array:
        """The class as one number: an array of no axes, int32."""
        return np.asarray(self.class_of(example), np.int32)

    def label_size(self, example: Example) -> Size:
        """That of the image: a label is of all of it."""
        return self.image_size(example)

    def file_faults(self, example: Example) -> list[Fault]:
        return [fault for path in example.images for fault in ending_faults(path)]

    def prediction_path(self, example: Example) -> Path:
        return Path(f"{example.name}.png")


def examples_of(folder: Path, name: str) -> list[Example]:
    """Every image in the folder of a class and below, called `name/<path without ending>`; an ending that differs from
    another's of the same path stays."""
    found = []
    taken: set[str] = set()
    for path in files_below(folder):
        inside = path.relative_to(folder)
        own = f"{name}/{inside.with_suffix('').as_posix()}"
        own = f"{name}/{inside.as_posix()}" if own in taken else own
        taken.add(own)
        found.append(Example(own, path, path))
    return found


def class_folders(folder: Path) -> tuple[list[Path], list[Fault]]:
    """The folders of classes in that of a split, and a fault for each image that lies beside them, in no class."""
    loose = [
        Fault("an image in no folder of a class", "Put it into one, or take it out", place=Place(str(path)))
        for path in files_in(folder)
    ]
    return folders_in(folder), loose


def classes_named(names: list[str]) -> Classes:
    """Classes of these names, each with a colour of its own."""
    from archspec.datasets._class_list import colour_map

    return Classes(tuple(names), colour_map(len(names)))


def in_order(splits: list[str]) -> tuple[str, ...]:
    """`train` and `val` first, the others by name."""
    return tuple(sorted(splits, key=lambda name: (name not in FIRST, FIRST.index(name) if name in FIRST else 0, name)))
