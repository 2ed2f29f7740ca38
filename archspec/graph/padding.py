"""Images that a network is not built for: how far they are padded, and with what."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from archspec.arrays import Array

Size = tuple[int, int]

GREY = 128  # of 0..255, which most preprocessing makes 0
MOST_SIZES = 4  # each needs a network of its own, which takes seconds
MULTIPLE = 128


def padded(image: Array, size: Size) -> Array:
    """`(H, W, C)` uint8 with grey below and at the right, up to `size`."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    found = np.full((*size, image.shape[2]), GREY, image.dtype)
    found[:height, :width] = image
    return found


def padding_multiple(sizes: Iterable[Size]) -> int:
    """What sides are padded up to a multiple of, so that a few networks serve images of all these sizes.

    1 for up to four sizes: a network is built for each. 128 where there are more.
    """
    return 1 if len(set(sizes)) <= MOST_SIZES else MULTIPLE


def next_multiple(size: Size, multiple: int) -> Size:
    """Both sides, each rounded up."""
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple
