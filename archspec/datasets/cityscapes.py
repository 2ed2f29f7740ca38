"""Cityscapes street scenes, 19 classes: fine, coarse and extra, from the organisers' folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import IGNORE, Classes, Colour, Example
from archspec.datasets._files import FileDataset, files_in, folders_in, is_folder, label_of, paired
from archspec.datasets._images import IMAGE_SUFFIXES, read_indices
from archspec.errors import Fault, Place, user_error

if TYPE_CHECKING:
    from PIL import Image

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


class Label(NamedTuple):
    """`number` is what `_labelIds.png` holds, `train` the class that is trained on (or `IGNORE`)."""

    number: int
    name: str
    train: int
    category: str
    has_instances: bool
    colour: Colour


# As cityscapesScripts 2.3.0 (helpers/labels.py) has them.
LABELS = (
    Label(0, "unlabeled", IGNORE, "void", False, (0, 0, 0)),
    Label(1, "ego vehicle", IGNORE, "void", False, (0, 0, 0)),
    Label(2, "rectification border", IGNORE, "void", False, (0, 0, 0)),
    Label(3, "out of roi", IGNORE, "void", False, (0, 0, 0)),
    Label(4, "static", IGNORE, "void", False, (0, 0, 0)),
    Label(5, "dynamic", IGNORE, "void", False, (111, 74, 0)),
    Label(6, "ground", IGNORE, "void", False, (81, 0, 81)),
    Label(7, "road", 0, "flat", False, (128, 64, 128)),
    Label(8, "sidewalk", 1, "flat", False, (244, 35, 232)),
    Label(9, "parking", IGNORE, "flat", False, (250, 170, 160)),
    Label(10, "rail track", IGNORE, "flat", False, (230, 150, 140)),
    Label(11, "building", 2, "construction", False, (70, 70, 70)),
    Label(12, "wall", 3, "construction", False, (102, 102, 156)),
    Label(13, "fence", 4, "construction", False, (190, 153, 153)),
    Label(14, "guard rail", IGNORE, "construction", False, (180, 165, 180)),
    Label(15, "bridge", IGNORE, "construction", False, (150, 100, 100)),
    Label(16, "tunnel", IGNORE, "construction", False, (150, 120, 90)),
    Label(17, "pole", 5, "object", False, (153, 153, 153)),
    Label(18, "polegroup", IGNORE, "object", False, (153, 153, 153)),
    Label(19, "traffic light", 6, "object", False, (250, 170, 30)),
    Label(20, "traffic sign", 7, "object", False, (220, 220, 0)),
    Label(21, "vegetation", 8, "nature", False, (107, 142, 35)),
    Label(22, "terrain", 9, "nature", False, (152, 251, 152)),
    Label(23, "sky", 10, "sky", False, (70, 130, 180)),
    Label(24, "person", 11, "human", True, (220, 20, 60)),
    Label(25, "rider", 12, "human", True, (255, 0, 0)),
    Label(26, "car", 13, "vehicle", True, (0, 0, 142)),
    Label(27, "truck", 14, "vehicle", True, (0, 0, 70)),
    Label(28, "bus", 15, "vehicle", True, (0, 60, 100)),
    Label(29, "caravan", IGNORE, "vehicle", True, (0, 0, 90)),
    Label(30, "trailer", IGNORE, "vehicle", True, (0, 0, 110)),
    Label(31, "train", 16, "vehicle", True, (0, 80, 100)),
    Label(32, "motorcycle", 17, "vehicle", True, (0, 0, 230)),
    Label(33, "bicycle", 18, "vehicle", True, (119, 11, 32)),
    Label(-1, "license plate", IGNORE, "vehicle", False, (0, 0, 142)),  # in polygons only; trainId -1 there
)
TRAINED = tuple(label for label in LABELS if label.train != IGNORE)


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
