"""CamVid street scenes, 11 classes: the SegNet folders (train, trainannot, …)."""

from __future__ import annotations

from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, paired
from archspec.errors import Fault

VOID = 11
SPLITS = ("train", "val", "test")
CLASSES = {
    "sky": (128, 128, 128),
    "building": (128, 0, 0),
    "pole": (192, 192, 128),
    "road": (128, 64, 128),
    "pavement": (60, 40, 222),
    "tree": (128, 128, 0),
    "sign_symbol": (192, 128, 128),
    "fence": (64, 64, 128),
    "car": (64, 0, 128),
    "pedestrian": (64, 64, 0),
    "bicyclist": (0, 128, 192),
}


class CamVid(FileDataset):
    """`train/ trainannot/ val/ valannot/ test/ testannot/`: label 11 is void and ignored."""

    name = "camvid"
    classes = Classes(tuple(CLASSES), tuple(CLASSES.values()))
    numbers = {number: number for number in range(len(CLASSES))} | {VOID: IGNORE}

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of the three whose folder is there."""
        return tuple(split for split in SPLITS if (self.root / split).is_dir())

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Pairs by stem."""
        return paired(self.root / split, self.root / f"{split}annot")
