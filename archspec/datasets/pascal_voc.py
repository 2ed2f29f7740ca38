"""Pascal VOC 2012 segmentation, 21 classes with the background, from the organisers' folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from archspec.datasets._colour_map import colour_map
from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, files_in, is_folder
from archspec.errors import Fault, Place
from archspec.files import read_text

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

NAMES = ("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
         "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
         "tvmonitor")  # fmt: skip
INSIDE = (".", "VOC2012", "VOCdevkit/VOC2012")
HIDDEN = "test"


class PascalVoc(FileDataset):
    """`JPEGImages/`, `SegmentationClass/` (palette PNGs, 255 ignored) and `ImageSets/Segmentation/<split>.txt`.

    `DIR` is the folder that holds these, `VOCdevkit` or what it was unpacked in. The labels of `test` are not public.
    A split whose name holds `aug` takes its labels from `SegmentationClassAug/` where there is such a folder.
    """

    name = "pascal_voc"
    classes = Classes(NAMES, colour_map(len(NAMES)))
    numbers: ClassVar[dict[int, int]] = {number: number for number in range(len(NAMES))} | {IGNORE: IGNORE}

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        inside = [self.root / folder for folder in INSIDE]
        self._home = next((folder for folder in inside if is_folder(folder / "JPEGImages")), self.root)
        self._lists = self._home / "ImageSets" / "Segmentation"

    @property
    def splits(self) -> tuple[str, ...]:
        """One a list."""
        lists = files_in(self._lists, (".txt",)) if is_folder(self._lists) else []
        return tuple(sorted((path.stem for path in lists), key=lambda name: (name not in ("train", "val"), name)))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """The names in the split's list, each with its files."""
        augmented = self._home / "SegmentationClassAug"
        labels = augmented if "aug" in split and is_folder(augmented) else self._home / "SegmentationClass"
        have_images = {path.stem: path for path in files_in(self._home / "JPEGImages", (".jpg", ".jpeg"))}
        have_labels = {path.stem: path for path in files_in(labels, (".png",))} if split != HIDDEN else {}
        found, faults = [], []
        for line, name in _names(self._lists / f"{split}.txt"):
            place = Place(str(self._lists / f"{split}.txt"), line, 1)
            if name not in have_images:
                faults.append(Fault(f"no image (JPEGImages/{name}.jpg)", "Add it, or take the line out", place=place))
            elif name not in have_labels and split != HIDDEN:
                fact = f"no label ({labels.name}/{name}.png)"
                faults.append(Fault(fact, "Add it, or take the line out", place=place))
            else:
                found.append(Example(name, have_images[name], have_labels.get(name)))
        return found, faults

    def encode_prediction(self, labels: Array) -> Image.Image:
        """A palette PNG in the organisers' colours."""
        from PIL import Image

        image = Image.fromarray(labels).convert("P")
        image.frombytes(np.ascontiguousarray(labels, np.uint8).tobytes())
        image.putpalette([part for colour in colour_map(256) for part in colour])
        return image


def _names(path: Path) -> list[tuple[int, str]]:
    """The first word of each line, with the line's number."""
    lines = read_text(path, remedy="Is it a list of names?").splitlines()
    return [(number, line.split()[0]) for number, line in enumerate(lines, 1) if line.strip()]
