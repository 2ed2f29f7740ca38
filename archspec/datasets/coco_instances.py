"""COCO 2017 instances as the papers pre-train on them: 9 street classes and background, 1000 pixels at least."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from archspec.arrays import Array
from archspec.datasets._coco import annotation_files, image_folder, lacks, mask_of, read_annotations
from archspec.datasets._contract import Classes, Example, Size
from archspec.datasets._files import FileDataset, ending_faults
from archspec.errors import Fault, Place, Problem, UserError

# class: COCO's category, colour (those of Cityscapes where it has the class)
CATEGORIES = {
    "background": (0, (0, 0, 0)),
    "person": (1, (220, 20, 60)),
    "bicycle": (2, (119, 11, 32)),
    "car": (3, (0, 0, 142)),
    "motorcycle": (4, (0, 0, 230)),
    "bus": (6, (0, 60, 100)),
    "train": (7, (0, 80, 100)),
    "truck": (8, (0, 0, 70)),
    "stop sign": (13, (220, 220, 0)),
    "parking meter": (14, (153, 153, 153)),
}
CLASS_OF = {category: number for number, (category, _) in enumerate(CATEGORIES.values()) if category}
LEAST_PIXELS = 1000
ALL = "all"


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture's size and the segmentations on it in the order of the file, each with its class."""

    file_name: str
    size: Size
    segmentations: list[tuple[int, Any]]


class CocoInstances(FileDataset):
    """`annotations/instances_<split>2017.json` and `<split>2017/` or `images/<split>2017/`.

    One file `annotations.json` beside `images/` is a split called `all`. Only pictures with at least 1000 pixels of
    the classes count. Later annotations cover earlier ones, and crowds count like others, as in the papers' own
    conversion. The rest is background, class 0; nothing is ignored.
    """

    name = "coco_instances"
    classes = Classes(tuple(CATEGORIES), tuple(colour for _, colour in CATEGORIES.values()))
    numbers: ClassVar[dict[int, int]] = {}  # labels are outlines

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self._pictures: dict[str, _Picture] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """One an annotation file."""
        return tuple(self._files())

    def _files(self) -> dict[str, Path]:
        found = annotation_files(self.root, "instances")
        single = self.root / "annotations.json"
        return found or ({ALL: single} if single.is_file() else {})

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """The pictures that show enough of the classes."""
        file = self._files()[split]
        folder = image_folder(self.root, file, "instances", ("images",) if split == ALL else ())
        examples: list[Example] = []
        faults: list[Fault] = []
        for picture in _pictures(file):
            try:
                if not _shows_enough(picture):
                    continue
            except Problem as problem:
                faults.append(problem.at(Place(str(file)), picture.file_name))
                continue
            example = Example(Path(picture.file_name).stem, folder / picture.file_name, file)
            self._pictures[str(example.image)] = picture
            if example.image.is_file():
                examples.append(example)
            else:
                fact = f"no such image, but it is in {file.name}"
                faults.append(Fault(fact, "Add it", place=Place(str(example.image))))
        return examples, faults

    def read_label(self, example: Example) -> Array:
        """All segmentations, one over the other. Raises `UserError` with the file's and the picture's name."""
        picture = self._pictures[str(example.image)]
        try:
            return _label(picture)
        except Problem as problem:
            raise UserError(problem.at(Place(str(example.label)), picture.file_name)) from problem

    def label_size(self, example: Example) -> Size:
        """As the annotations say."""
        return self._pictures[str(example.image)].size

    def file_faults(self, example: Example) -> list[Fault]:
        """A picture that does not end as it should."""
        return ending_faults(example.image)


def _pictures(file: Path) -> list[_Picture]:
    """Every picture with one of the classes, in the file's order. Raises `UserError`."""
    document = read_annotations(file, ("images", "annotations"))
    by_image: dict[Any, list[tuple[int, Any]]] = {}
    for place, row in enumerate(document["annotations"]):
        try:
            number = CLASS_OF.get(row["category_id"])
            if number is not None:
                by_image.setdefault(row["image_id"], []).append((number, row["segmentation"]))
        except (KeyError, TypeError) as error:
            raise lacks(file, f"annotations[{place}]", error) from error
    found = []
    for place, row in enumerate(document["images"]):
        try:
            if row["id"] in by_image:
                size = (int(row["height"]), int(row["width"]))
                found.append(_Picture(str(row["file_name"]), size, by_image[row["id"]]))
        except (KeyError, TypeError, ValueError) as error:
            raise lacks(file, f"images[{place}]", error) from error
    return found


def _label(picture: _Picture) -> Array:
    label = np.zeros(picture.size, np.uint8)
    for number, segmentation in picture.segmentations:
        label[mask_of(segmentation, picture.size)] = number
    return label


def _shows_enough(picture: _Picture) -> bool:
    """Whether at least `LEAST_PIXELS` are of a class: drawn only where the outlines' boxes leave it open.

    A mask is never larger than its box. A large box says nothing, so most pictures are drawn, until there is enough.
    """
    if sum(_most_pixels(segmentation) for _, segmentation in picture.segmentations) < LEAST_PIXELS:
        return False
    shown = np.zeros(picture.size, np.bool_)
    for _, segmentation in picture.segmentations:
        shown |= mask_of(segmentation, picture.size)
        if np.count_nonzero(shown) >= LEAST_PIXELS:
            return True
    return False


def _most_pixels(segmentation: Any) -> float:
    """At most so many pixels lie in it."""
    if not isinstance(segmentation, list):
        return float("inf")
    try:
        corners = [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in segmentation]
    except (TypeError, ValueError):
        return float("inf")  # drawing it will say what is wrong
    return float(sum(np.prod(np.ptp(points, axis=0) + 2) for points in corners if len(points)))
