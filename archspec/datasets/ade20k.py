"""ADE20K scene parsing, 150 classes, from the organisers' folders (ADEChallengeData2016)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from archspec.datasets._class_list import colour_map
from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, by_stem, files_in, is_folder, paired
from archspec.datasets._images import LABEL_SUFFIXES
from archspec.errors import Fault

# Each class by the first of its names (objectInfo150.txt, line n is label n).
NAMES = (
    "wall", "building", "sky", "floor", "tree", "ceiling", "road", "bed", "windowpane", "grass", "cabinet",
    "sidewalk", "person", "earth", "door", "table", "mountain", "plant", "curtain", "chair", "car", "water",
    "painting", "sofa", "shelf", "house", "sea", "mirror", "rug", "field", "armchair", "seat", "fence", "desk",
    "rock", "wardrobe", "lamp", "bathtub", "railing", "cushion", "base", "box", "column", "signboard",
    "chest of drawers", "counter", "sand", "sink", "skyscraper", "fireplace", "refrigerator", "grandstand", "path",
    "stairs", "runway", "case", "pool table", "pillow", "screen door", "stairway", "river", "bridge", "bookcase",
    "blind", "coffee table", "toilet", "flower", "book", "hill", "bench", "countertop", "stove", "palm",
    "kitchen island", "computer", "swivel chair", "boat", "bar", "arcade machine", "hovel", "bus", "towel",
    "light", "truck", "tower", "chandelier", "awning", "streetlight", "booth", "television", "airplane",
    "dirt track", "apparel", "pole", "land", "bannister", "escalator", "ottoman", "bottle", "buffet", "poster",
    "stage", "van", "ship", "fountain", "conveyer belt", "canopy", "washer", "plaything", "swimming pool", "stool",
    "barrel", "basket", "waterfall", "tent", "bag", "minibike", "cradle", "oven", "ball", "food", "step", "tank",
    "trade name", "microwave", "pot", "animal", "bicycle", "lake", "dishwasher", "screen", "blanket", "sculpture",
    "hood", "sconce", "vase", "traffic light", "tray", "ashcan", "fan", "pier", "crt screen", "plate", "monitor",
    "bulletin board", "shower", "radiator", "glass", "clock", "flag",
)  # fmt: skip


SPLITS = {"train": "training", "val": "validation"}
INSIDE = (".", "ADEChallengeData2016")


class Ade20k(FileDataset):
    """`images/training`, `images/validation` and `annotations/` alike: 1 to 150 are classes 0 to 149, 0 is ignored.

    `DIR` is the folder that holds these, or the one it was unpacked in. Colours are those of Pascal VOC's map.
    """

    name = "ade20k"
    classes = Classes(NAMES, colour_map(len(NAMES) + 1)[1:])
    numbers: ClassVar[dict[int, int]] = {0: IGNORE} | {number + 1: number for number in range(len(NAMES))}

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        inside = [self.root / folder for folder in INSIDE]
        self._home = next((folder for folder in inside if is_folder(folder / "images")), self.root)

    @property
    def splits(self) -> tuple[str, ...]:
        """Those whose folder is there."""
        return tuple(split for split, folder in SPLITS.items() if is_folder(self._home / "images" / folder))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Pairs by stem."""
        images, labels = self._home / "images" / SPLITS[split], self._home / "annotations" / SPLITS[split]
        wanted = f"annotations/{SPLITS[split]}/{{}}.png"
        return paired(by_stem(files_in(images)), by_stem(files_in(labels, LABEL_SUFFIXES)), wanted, (images, labels))
