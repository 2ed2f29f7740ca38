"""Cityscapes street scenes, 19 classes: fine, coarse and extra, from the organisers' folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from archspec.datasets._cityscapes_labels import LABELS, TRAINED
from archspec.datasets._contract import Classes, Example
from archspec.datasets._files import FileDataset, label_of, paired
from archspec.datasets._folders import files_in, folders_in, is_folder
from archspec.datasets._images import IMAGE_SUFFIXES, read_indices
from archspec.errors import Fault, Place, user_error

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

IMAGE, LABEL, INSTANCES = "_leftImg8bit", "_labelIds", "_instanceIds"
# split: folder of the labels, folder of the split
SPLITS = {
    "train": ("gtFine", "train"),
    "val": ("gtFine", "val"),
    "test": ("gtFine", "test"),
    "train_coarse": ("gtCoarse", "train"),
    "val_coarse": ("gtCoarse", "val"),
    "train_extra": ("gtCoarse", "train_extra"),
}
HIDDEN = "test"
BROKEN = "troisdorf_000000_000073"  # its image is black: the organisers ask to delete it from train_extra
UNLABELED = 0


class Cityscapes(FileDataset):
    """`leftImg8bit/<split>/<city>/…_leftImg8bit.png` and `gtFine/` or `gtCoarse/` with `…_labelIds.png`.

    Splits: `train`, `val`, `test` (fine; the test labels are not public), `train_coarse`, `val_coarse`, and
    `train_extra`, which leaves out one black image.
    """

    name = "cityscapes"
    classes = Classes(tuple(label.name for label in TRAINED), tuple(label.colour for label in TRAINED))
    numbers: ClassVar[dict[int, int]] = {label.number: label.train for label in LABELS if label.number >= 0}

    @property
    def splits(self) -> tuple[str, ...]:
        """Those whose images and labels are there."""
        return tuple(split for split, (labels, folder) in SPLITS.items() if self._is_here(split, labels, folder))

    def _is_here(self, split: str, labels: str, folder: str) -> bool:
        images = is_folder(self.root / "leftImg8bit" / folder)
        return images and (split == HIDDEN or is_folder(self.root / labels / folder))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Pairs by `<city>_<sequence>_<frame>`."""
        kind, folder = SPLITS[split]
        images = files_of_cities(self.root / "leftImg8bit" / folder, IMAGE, IMAGE_SUFFIXES)
        if split == HIDDEN:
            return [Example(name, image, None) for name, image in images], []
        labels = files_of_cities(self.root / kind / folder, f"_{kind}{LABEL}")
        return paired(images, labels, f"{kind}/{folder}/*/{{}}_{kind}{LABEL}.png")

    def read_label_numbers(self, example: Example) -> Array:
        """The organisers' own label numbers `(H, W)`, uint8: 0 to 33, as their scores count them."""
        return read_indices(label_of(example))

    def read_instances(self, example: Example) -> Array:
        """`(H, W)` int32: 1000 × label number + instance for each thing, the label number alone for the rest.

        Raises `UserError` with the file's name, also when it is missing.
        """
        file = instances_of(label_of(example))
        values = read_indices(file).astype(np.int32)
        if values.max(initial=0) >= 1000 * len(LABELS):
            fact = f"instance number {values.max()}, of no label"
            raise user_error(fact, "Was it written by the organisers' tool?", place=Place(str(file)))
        return values

    def prediction_path(self, example: Example) -> Path:
        """The organisers look for `<city>_<sequence>_<frame>*.png`."""
        return Path(f"{example.name}_pred.png")

    def encode_prediction(self, labels: Array) -> Image.Image:
        """Label numbers, not classes: 0 (road) is 7. What is ignored is 0, unlabeled."""
        from PIL import Image

        table = np.full(256, UNLABELED, np.uint8)
        for label in TRAINED:
            table[label.train] = label.number
        return Image.fromarray(table[labels])


def files_of_cities(folder: Path, ending: str, suffixes: tuple[str, ...] = (".png",)) -> list[tuple[str, Path]]:
    """The files of all cities whose stems end so, by what comes before that. Raises `UserError`."""
    files = [path for city in folders_in(folder) for path in files_in(city, suffixes) if path.stem.endswith(ending)]
    named = [(path.stem.removesuffix(ending), path) for path in files]
    return [(name, path) for name, path in named if name != BROKEN]


def instances_of(label: Path) -> Path:
    """The file of instance numbers beside a file of label numbers."""
    return label.with_name(label.stem.removesuffix(LABEL) + INSTANCES + label.suffix)
