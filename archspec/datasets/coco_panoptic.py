"""COCO 2017 panoptic in the 19 classes of Cityscapes, by MSeg's taxonomy; all else is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets._coco import annotation_files, image_folder, lacks, read_annotations
from archspec.datasets._contract import IGNORE, Classes, Example
from archspec.datasets._files import FileDataset, by_stem, files_in, is_folder, label_of, paired, unknown_values
from archspec.datasets._images import read_label_colours
from archspec.datasets.cityscapes import TRAINED
from archspec.errors import Fault, Place, user_error

# Cityscapes class: COCO panoptic categories. Source: MSeg's master taxonomy (CC BY 4.0, commit 2bd00ae). COCO has no
# pole, and MSeg tells riders from persons by hand, so those two classes stay empty. Indoor walls and lawns are noise.
CATEGORIES: dict[str, tuple[int, ...]] = {
    "road": (149,),
    "sidewalk": (191,),
    "building": (197, 128, 151),
    "wall": (171, 175, 176, 177, 199),
    "fence": (185,),
    "pole": (),
    "traffic light": (10,),
    "traffic sign": (13,),
    "vegetation": (184, 119),
    "terrain": (193, 154, 194),
    "sky": (187,),
    "person": (1,),
    "rider": (),
    "car": (3,),
    "truck": (8,),
    "bus": (6,),
    "train": (7,),
    "motorcycle": (4,),
    "bicycle": (2,),
}
CLASS_OF = {category: number for number, found in enumerate(CATEGORIES.values()) for category in found}


class CocoPanoptic(FileDataset):
    """`annotations/panoptic_<split>2017.json`, the PNGs in `annotations/panoptic_<split>2017/`, and `<split>2017/`.

    Pictures may also lie in `images/<split>2017/`, or, as in COCO's own examples, in `input_images/`.
    """

    name = "coco_panoptic"
    classes = Classes(tuple(CATEGORIES), tuple(label.colour for label in TRAINED))
    numbers: ClassVar[dict[int, int]] = {}  # labels are colours

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self._segments: dict[Path, dict[int, int]] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """One an annotation file that has its folder of PNGs."""
        files = annotation_files(self.root, "panoptic")
        return tuple(split for split, file in files.items() if is_folder(file.with_suffix("")))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """The pictures that the annotations list."""
        file = annotation_files(self.root, "panoptic")[split]
        labels = file.with_suffix("")
        images = by_stem(files_in(image_folder(self.root, file, "panoptic", ("input_images",))))
        segments = _segments(file)
        self._segments |= {labels / name: found for name, found in segments.items()}
        here = {path.name for path in files_in(labels, (".png",))}
        missing = [labels / name for name in segments if name not in here]
        fact = f"no such label, but it is in {file.name}"
        faults = [Fault(fact, "Add it", place=Place(str(path))) for path in missing]
        listed = {Path(name).stem: labels / name for name in segments if name in here}
        found, unpaired = paired([one for one in images if one[0] in listed], listed.items(), "{}.png")
        return found, faults + unpaired

    def read_label(self, example: Example) -> Array:
        """Segments by their category. Raises `UserError` with the file's name for one that is not listed."""
        file = label_of(example)
        ids = (read_label_colours(file).astype(np.int64) * np.array([1, 256, 65536])).sum(-1)
        known = self._segments[file]
        keys = np.array(sorted(known), np.int64)
        places = np.minimum(np.searchsorted(keys, ids), len(keys) - 1)
        listed = keys[places] == ids
        if not np.all(listed):
            unknown = np.unique(ids[~listed]).tolist()
            fact = f"{unknown_values(unknown)}: no such segment in {file.parent.name}.json"
            raise user_error(fact, "Do the two files belong together?", place=Place(str(file)))
        classes: Array = np.array([known[int(key)] for key in keys], np.uint8)[places]
        return classes


def _segments(file: Path) -> dict[str, dict[int, int]]:
    """The class of each segment of each label file; segment 0 is where nothing was labelled. Raises `UserError`."""
    found: dict[str, dict[int, int]] = {}
    for place, row in enumerate(read_annotations(file, ("annotations",))["annotations"]):
        try:
            segments = {int(one["id"]): CLASS_OF.get(one["category_id"], IGNORE) for one in row["segments_info"]}
            found[str(row["file_name"])] = {0: IGNORE} | segments
        except (KeyError, TypeError, ValueError) as error:
            raise lacks(file, f"annotations[{place}]", error) from error
    return found
