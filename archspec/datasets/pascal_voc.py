"""Pascal VOC 2012 segmentation, 21 classes with the background, from the organisers' folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets._class_list import colour_map
from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, files_in, is_folder
from archspec.datasets._images import IMAGE_SUFFIXES, LABEL_SUFFIXES
from archspec.errors import Fault, Place
from archspec.files import is_file, read_text

if TYPE_CHECKING:
    from PIL import Image


NAMES = ("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
         "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
         "tvmonitor")  # fmt: skip
INSIDE = (".", "VOC2012", "VOCdevkit/VOC2012")
HIDDEN = "test"


class PascalVoc(FileDataset):
    """`JPEGImages/`, `SegmentationClass/` (palette PNGs, 255 ignored) and `ImageSets/Segmentation/<split>.txt`.

    `DIR` is the folder that holds these, `VOCdevkit` or what it was unpacked in. The labels of `test` are not public.
    A line of a list is a name, or the paths of an image and its label (`JPEGImages/x.jpg SegmentationClass/x.png`).
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
        """The lines of the split's list, each with its files."""
        augmented = self._home / "SegmentationClassAug"
        labels = augmented if "aug" in split and is_folder(augmented) else self._home / "SegmentationClass"
        have_images = _by_stem(files_in(self._home / "JPEGImages"))
        have_labels = _by_stem(files_in(labels, LABEL_SUFFIXES)) if split != HIDDEN else {}
        list_file = self._lists / f"{split}.txt"
        found, faults = [], []
        for number, line in enumerate(read_text(list_file, remedy="Is it a list of names?").splitlines(), 1):
            place = Place(str(list_file), number, 1)
            if not line.strip():
                continue
            words = [*line.split(), ""]
            image = self._named(words[0], IMAGE_SUFFIXES, have_images)
            second = words[1] if _is_path(words[1], LABEL_SUFFIXES) else _stem(words[0], IMAGE_SUFFIXES)
            label = self._named(second, LABEL_SUFFIXES, have_labels)
            if image is None:
                wanted = words[0] if _is_path(words[0], IMAGE_SUFFIXES) else f"JPEGImages/{words[0]}.jpg"
                faults.append(Fault(f"no image ({wanted})", "Add it, or take the line out", place=place))
            elif label is None and split != HIDDEN:
                wanted = words[1] if _is_path(words[1], LABEL_SUFFIXES) else f"{labels.name}/{image.stem}.png"
                faults.append(Fault(f"no label ({wanted})", "Add it, or take the line out", place=place))
            else:
                found.append(Example(self._name(image), image, label))
        return found, faults

    def _named(self, word: str, suffixes: tuple[str, ...], have: Mapping[str, Path]) -> Path | None:
        """The file that a word of a list means: a path below the folder (`/JPEGImages/x.jpg`), or a name."""
        if "/" not in word:
            return have.get(_stem(word, suffixes))
        path = self._home / word.lstrip("/")
        return path if is_file(path) else None

    def _name(self, image: Path) -> str:
        """The stem, with the folders where it lies elsewhere than in `JPEGImages`."""
        path = image.relative_to(self._home).with_suffix("")
        return path.relative_to("JPEGImages").as_posix() if path.parts[0] == "JPEGImages" else path.as_posix()

    def encode_prediction(self, labels: Array) -> Image.Image:
        """A palette PNG in the organisers' colours."""
        from PIL import Image

        image = Image.fromarray(labels).convert("P")
        image.frombytes(np.ascontiguousarray(labels, np.uint8).tobytes())
        image.putpalette([part for colour in colour_map(256) for part in colour])
        return image


def _is_path(word: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a word of a list is the path of such a file: VOC's own lists hold names, others pairs of paths."""
    return word.lower().endswith(suffixes)


def _stem(word: str, suffixes: tuple[str, ...]) -> str:
    return Path(word).stem if _is_path(word, suffixes) else word


def _by_stem(files: Iterable[Path]) -> dict[str, Path]:
    """The JPEG first where there are several of a name."""
    return {path.stem: path for path in sorted(files, key=lambda path: path.suffix.lower() == ".jpg")}
