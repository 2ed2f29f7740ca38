"""The 35 labels of Cityscapes, as cityscapesScripts 2.3.0 (helpers/labels.py) has them."""

from __future__ import annotations

from typing import NamedTuple

from archspec.datasets._contract import IGNORE, Colour


class Label(NamedTuple):
    """`number` is what `_labelIds.png` holds, `train` the class that is trained on (or `IGNORE`)."""

    number: int
    name: str
    train: int
    category: str
    has_instances: bool
    colour: Colour


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
