"""A folder of your own: images of any channels, labels of class numbers, and a list of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from archspec.arrays import Array
from archspec.datasets._class_list import FILE, label_numbers, read_class_list
from archspec.datasets._contract import Example, Size
from archspec.datasets._files import FileDataset, by_relative_stem, files_below, folders_in, is_folder, label_of, paired
from archspec.datasets._image_stack import STACK_SUFFIXES, stack_channels
from archspec.datasets._images import LABEL_SUFFIXES
from archspec.datasets._mask_files import mask_size, paired_masks, read_masks
from archspec.errors import Fault, Place, UserError

ALL, IMAGES, MASKS = "all", "images", "masks"


class Folder(FileDataset):
    """`images/<split>/NAME.jpg`, `labels/<split>/NAME.png` and `classes.txt`, one class a line.

    Images are PNG, JPEG, BMP, TIFF or WebP files, or arrays (`.npy`), labels PNG, BMP or TIFF. NAME may have folders in
    it, the same ones for both. Further channels of an image are in files of its name in `images_2/<split>/`,
    `images_3/<split>/` and so on.

    Several classes may hold at a pixel where there is a folder `masks/` instead of `labels/`:
    `masks/<split>/CLASS/NAME.png`, 0 and 255, or `masks/<split>/NAME.npy`, (H, W, classes).

    Without folders for the splits, `images/` and `labels/` hold one split that is called `all`. The first class is
    label 0; 255 is ignored.
    """

    name = "folder"
    lists_numbers = True

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self.classes = read_class_list(self.root / FILE)

    @property
    def numbers(self) -> Mapping[int, int]:
        """Each class's number is its own, unless the list of classes says another."""
        return label_numbers(self.classes)

    @cached_property
    def multi_label(self) -> bool:
        """Whether there are masks instead of labels."""
        return is_folder(self.root / MASKS) and not is_folder(self.root / "labels")

    @property
    def channels(self) -> tuple[int, ...]:
        """Those of the first image, by its header; empty where that cannot be read."""
        try:
            return stack_channels(self.examples(self.splits[0])[0].images)
        except (UserError, IndexError):
            return ()

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
        images, labels = self._split_folder(IMAGES, split), self._split_folder("labels", split)
        wanted = f"{labels.relative_to(self.root)}/{{}}.png"
        found = by_relative_stem(files_below(images, STACK_SUFFIXES), images)
        if self.multi_label:
            masks = self._split_folder(MASKS, split)
            examples, faults = paired_masks(found, images, masks, self.classes.names)
        else:
            label_files = by_relative_stem(files_below(labels, LABEL_SUFFIXES), labels)
            examples, faults = paired(found, label_files, wanted, (images, labels))
        number = 2
        while is_folder(self.root / f"{IMAGES}_{number}"):
            examples = _with_more(examples, self._split_folder(f"{IMAGES}_{number}", split), faults)
            number += 1
        return examples, faults

    def read_label(self, example: Example) -> Array:
        """Classes, or masks. Raises `UserError` with the file's name."""
        if not self.multi_label:
            return super().read_label(example)
        masks = self.root / MASKS
        file = label_of(example)
        inside = file.relative_to(masks).parts
        split = masks / inside[0] if is_folder(self.root / IMAGES / inside[0]) else masks
        return read_masks((file, *example.more_labels), split, self.classes.names)

    def label_size(self, example: Example) -> Size:
        """From the header of the label's file, or of the first mask's. Raises `UserError`."""
        return mask_size(label_of(example)) if self.multi_label else super().label_size(example)

    def _split_folder(self, kind: str, split: str) -> Path:
        folder = self.root / kind
        return folder / split if split != ALL or is_folder(self.root / IMAGES / split) else folder


def _with_more(examples: list[Example], folder: Path, faults: list[Fault]) -> list[Example]:
    """The examples with their files of a folder of further channels; each that has none is a fault."""
    files: dict[str, Path] = {}
    for name, path in by_relative_stem(files_below(folder, STACK_SUFFIXES), folder):
        first = files.setdefault(name, path)
        if first is not path:
            faults.append(Fault(f"the same name as {first}", "Leave one of them", place=Place(str(path))))
    for example in examples:
        if example.name not in files:
            fact = f"no file of this name in {folder}, where its further channels are"
            faults.append(Fault(fact, "Add it, or take the image out", place=Place(str(example.image))))
    return [replace(one, more=(*one.more, files[one.name])) for one in examples if one.name in files]
