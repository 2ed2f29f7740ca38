"""Where a label map's regions are near their edge, and how much of that two maps have in common.

Source: Cheng et al., Boundary IoU (arXiv:2103.16562) and its code (bowenc0221/boundary-iou-api), which know instances
and panoptic segments. Here a class of the whole image is one mask: see archspec/scoring/metrics/boundary_iou.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.arrays import Array

DILATION_RATIO = 0.02
"""How far the boundary reaches into a mask, as a share of the image's diagonal: the published code's default."""
_OUTSIDE = np.uint8(255)  # no class


@dataclass(frozen=True, slots=True)
class BoundarySums:
    """Pixels of boundaries by class `(classes,)`, int64: of both maps at once, of the truth, of the prediction."""

    both: Array
    truth: Array
    predicted: Array

    @classmethod
    def none(cls, classes: int) -> BoundarySums:
        """Of no image."""
        return cls(*(np.zeros(classes, np.int64) for _ in range(3)))

    def __add__(self, other: BoundarySums) -> BoundarySums:
        return BoundarySums(self.both + other.both, self.truth + other.truth, self.predicted + other.predicted)


def count_boundaries(truth: Array, predicted: Array, counted: Array, ratio: float = DILATION_RATIO) -> BoundarySums:
    """The sums of one image: two uint8 label maps `(H, W)`, and which labels count `(classes,)`, bool.

    A true label that does not count, or is beyond the classes, is left out of both maps: what is predicted there is
    not asked, and a mask ends where it begins.
    """
    known = np.append(counted, np.zeros(256 - len(counted), bool))
    asked = known[truth]
    truth, predicted = np.where(asked, truth, _OUTSIDE), np.where(asked, predicted, _OUTSIDE)
    width = boundary_width(truth.shape, ratio)
    of_truth, of_predicted = near_edge(truth, width), near_edge(predicted, width)

    def pixels(labels: Array) -> Array:
        return np.bincount(labels, minlength=256)[: len(counted)]

    return BoundarySums(
        pixels(truth[of_truth & of_predicted & (truth == predicted)]),
        pixels(truth[of_truth]),
        pixels(predicted[of_predicted]),
    )


def boundary_width(size: tuple[int, ...], ratio: float = DILATION_RATIO) -> int:
    """`ratio` of the diagonal of an image `(height, width)` in whole pixels, at least 1."""
    return max(1, round(ratio * math.hypot(*size)))


def near_edge(labels: Array, width: int) -> Array:
    """Which pixels `(H, W)` have another label, or the image's end, at most `width` away along both axes.

    For one label alone this is its mask without the mask eroded `width` times by 3 × 3, as in the published code.
    """
    # A window holds one label when its smallest and its largest are equal; beyond the image there is no label.
    framed = np.pad(labels, width, constant_values=_OUTSIDE)
    smallest, largest = framed, framed
    for axis in (0, 1):
        smallest = _over_window(np.minimum, smallest, 2 * width + 1, axis)
        largest = _over_window(np.maximum, largest, 2 * width + 1, axis)
    mixed: Array = smallest != largest
    return mixed


def _over_window(function: Any, values: Array, window: int, axis: int) -> Array:
    """`function` over every `window` neighbours along `axis`; the result is `window - 1` shorter."""
    values = np.moveaxis(values, axis, 0)
    reach = 1
    while reach < window:  # each step looks at twice as many
        step = min(reach, window - reach)
        values = function(values[:-step], values[step:])
        reach += step
    return np.moveaxis(values, 0, axis)
