"""ADE20K scene parsing, 150 classes, from the organisers' folders (ADEChallengeData2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from archspec.datasets._ade20k_names import NAMES
from archspec.datasets._colour_map import colour_map
from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, by_stem, paired
from archspec.datasets._folders import files_in, is_folder
from archspec.datasets._images import LABEL_SUFFIXES
from archspec.errors import Fault

Array = np.ndarray[Any, Any]

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
