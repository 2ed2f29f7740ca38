"""A rectangle of an image: only what is in it is asked about."""

from __future__ import annotations

import math
from typing import NamedTuple

from archspec.arrays import Array
from archspec.errors import Place, user_error


class Region(NamedTuple):
    """Pixels of the image as it is in its file: columns `left` to `right`, rows `top` to `bottom`, ends left out."""

    left: int
    top: int
    right: int
    bottom: int

    def check(self, name: str, size: tuple[int, int]) -> None:
        """Raises `UserError` when it reaches out of the image `name` of `size` (height, width)."""
        height, width = size
        if self.right > width or self.bottom > height:
            fact = f"the region {','.join(map(str, self))} reaches out of the image ({width} x {height})"
            raise user_error(fact, "Give x0,y0,x1,y1 in the image's own pixels", place=Place(name))

    def mask(self, image_size: tuple[int, int], size: tuple[int, int]) -> Array:
        """True inside, for a map of `size` that covers an image of `image_size`: `(H, W)`, never empty.

        A pixel of the map that the rectangle touches is inside.
        """
        import numpy as np

        down, across = size[0] / image_size[0], size[1] / image_size[1]
        mask = np.zeros(size, bool)
        mask[
            math.floor(self.top * down) : math.ceil(self.bottom * down),
            math.floor(self.left * across) : math.ceil(self.right * across),
        ] = True
        return mask


def parse_region(text: str) -> Region:
    """`x0,y0,x1,y1`. Raises `UserError`."""
    try:
        region = Region(*(int(word) for word in text.split(",")))
    except (TypeError, ValueError):
        raise user_error(
            f"a region is four whole numbers x0,y0,x1,y1 ('{text}')", "Such as 120,40,200,90", place=Place("--region")
        ) from None
    if not (0 <= region.left < region.right and 0 <= region.top < region.bottom):
        raise user_error(
            f"a region has x0 < x1 and y0 < y1, from 0 ('{text}')", "Corners: upper left, lower right",
            place=Place("--region"),
        )  # fmt: skip
    return region
