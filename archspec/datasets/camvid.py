"""CamVid street scenes, 11 classes: the SegNet folders, or the original pictures in 32 colours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import IGNORE, Classes, Colour, Example
from archspec.datasets._files import (
    FileDataset,
    by_stem,
    files_in,
    is_folder,
    label_of,
    paired,
    to_classes,
    unknown_values,
)
from archspec.datasets._images import LABEL_SUFFIXES, read_label_image
from archspec.errors import Fault, Place, user_error

# CamVid's own colours (its label_colors.txt), each with its class. The merge is the one that MATLAB's
# `camvidPixelLabelIDs` publishes as that of the SegNet paper. Others differ: MSeg drops 21 of the classes, some count
# motorcycles as cars.
COLOURS: dict[str, tuple[Colour, str]] = {
    "Sky": ((128, 128, 128), "sky"),
    "Bridge": ((0, 128, 64), "building"),
    "Building": ((128, 0, 0), "building"),
    "Wall": ((64, 192, 0), "building"),
    "Tunnel": ((64, 0, 64), "building"),
    "Archway": ((192, 0, 128), "building"),
    "Column_Pole": ((192, 192, 128), "pole"),
    "TrafficCone": ((0, 0, 64), "pole"),
    "Road": ((128, 64, 128), "road"),
    "LaneMkgsDriv": ((128, 0, 192), "road"),
    "LaneMkgsNonDriv": ((192, 0, 64), "road"),
    "Sidewalk": ((0, 0, 192), "pavement"),
    "ParkingBlock": ((64, 192, 128), "pavement"),
    "RoadShoulder": ((128, 128, 192), "pavement"),
    "Tree": ((128, 128, 0), "tree"),
    "VegetationMisc": ((192, 192, 0), "tree"),
    "SignSymbol": ((192, 128, 128), "sign_symbol"),
    "Misc_Text": ((128, 128, 64), "sign_symbol"),
    "TrafficLight": ((0, 64, 64), "sign_symbol"),
    "Fence": ((64, 64, 128), "fence"),
    "Car": ((64, 0, 128), "car"),
    "SUVPickupTruck": ((64, 128, 192), "car"),
    "Truck_Bus": ((192, 128, 192), "car"),
    "Train": ((192, 64, 128), "car"),
    "OtherMoving": ((128, 64, 64), "car"),
    "Pedestrian": ((64, 64, 0), "pedestrian"),
    "Child": ((192, 128, 64), "pedestrian"),
    "CartLuggagePram": ((64, 0, 192), "pedestrian"),
    "Animal": ((64, 128, 64), "pedestrian"),
    "Bicyclist": ((0, 128, 192), "bicyclist"),
    "MotorcycleScooter": ((192, 0, 192), "bicyclist"),
    "Void": ((0, 0, 0), ""),
}

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
ORIGINAL_IMAGES, ORIGINAL_LABELS = "701_StillsRaw_full", "LabeledApproved_full"


class CamVid(FileDataset):
    """`train/ trainannot/`, `val/ valannot/`, `test/ testannot/` with labels 0 to 11, 11 (void) ignored.

    Labels may also be the original colours, `<name>_L.png` in `train_labels/`, … or in `LabeledApproved_full/` beside
    `701_StillsRaw_full/`, where the splits are SegNet's. Colours are merged as in `COLOURS`.
    """

    name = "camvid"
    classes = Classes(tuple(CLASSES), tuple(CLASSES.values()))
    numbers: ClassVar[dict[int, int]] = {number: number for number in range(len(CLASSES))} | {VOID: IGNORE}

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of the three whose folder is there; all of them for the original pictures."""
        if is_folder(self.root / ORIGINAL_IMAGES):
            return SPLITS
        return tuple(split for split in SPLITS if is_folder(self.root / split))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Pairs by stem, with or without `_L` at the label's."""
        if is_folder(self.root / ORIGINAL_IMAGES):
            images = _of_split(files_in(self.root / ORIGINAL_IMAGES), split)
            labels = _of_split(files_in(self.root / ORIGINAL_LABELS, LABEL_SUFFIXES), split)
            return _paired(images, labels, f"{ORIGINAL_LABELS}/{{}}_L.png")
        folder, pattern = self.root / f"{split}annot", f"{split}annot/{{}}.png"
        if not is_folder(folder) and is_folder(self.root / f"{split}_labels"):
            folder, pattern = self.root / f"{split}_labels", f"{split}_labels/{{}}_L.png"
        return _paired(files_in(self.root / split), files_in(folder, LABEL_SUFFIXES), pattern)

    def read_label(self, example: Example) -> Array:
        """Numbers or colours, whichever the file holds. Raises `UserError` with the file's name."""
        file = label_of(example)
        values, place = read_label_image(file), Place(str(file))
        return to_classes(values, self.numbers, place) if values.ndim == 2 else _from_colours(values, place)


def _paired(images: list[Path], labels: list[Path], wanted: str) -> tuple[list[Example], list[Fault]]:
    return paired(by_stem(images), [(path.stem.removesuffix("_L"), path) for path in labels], wanted)


def _of_split(files: list[Path], split: str) -> list[Path]:
    """Those of SegNet's split. Names are `<sequence>_<frame>`: 367 train, 101 val, 233 test."""
    return [path for path in files if _split_of(path.stem.removesuffix("_L")) == split]


def _split_of(stem: str) -> str:
    sequence, _, frame = stem.partition("_")
    number = int(re.sub(r"\D", "", frame) or 0)
    if sequence == "Seq05VD" or (sequence == "0001TP" and number > 8520):
        return "test"
    return "val" if sequence == "0016E5" and 7959 <= number <= 8159 else "train"


def _from_colours(pixels: Array, place: Place) -> Array:
    """Colours `(H, W, 3)` to classes."""
    numbers = {name: number for number, name in enumerate(CLASSES)} | {"": IGNORE}
    table = {red * 65536 + green * 256 + blue: numbers[name] for (red, green, blue), name in COLOURS.values()}
    packed = (pixels.astype(np.uint32) * np.array([65536, 256, 1], np.uint32)).sum(-1, dtype=np.uint32)
    keys = np.array(sorted(table), np.uint32)
    places = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    known = keys[places] == packed
    if not np.all(known):
        unknown = [f"({one >> 16}, {one >> 8 & 255}, {one & 255})" for one in np.unique(packed[~known]).tolist()]
        remedy = f"CamVid has {len(COLOURS)} colours; was it resized with interpolation, or saved as JPEG?"
        raise user_error(unknown_values(unknown), remedy, place=place)
    classes: Array = np.array([table[int(key)] for key in keys], np.uint8)[places]
    return classes
