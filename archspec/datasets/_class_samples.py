"""One training sample of a classifier out of an image; and the part of an image that a classifier is shown.

Positions, colours and draws are those of `_augmentation`; only which part is taken is another question where a label
is of the whole image.
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from archspec.arrays import Array
from archspec.datasets._augmentation import Augmentation, Axis, colours, interpolate, window

SHOWN_SHARE = 224 / 256
"""Of the shorter side, what is shown: papers resize to 256 and cut 224 out of the middle."""
Size = tuple[int, int]


def class_sample(image: Array, augmentation: Augmentation, drawn: dict[str, float]) -> Array:
    """`(H, W, C)` in 0..255 to `(h, w, C)` float32: a random part of it (`area_from`), else as of label maps."""
    height, width = augmentation.size
    if augmentation.area_from:
        top, left, rows, columns = random_part((image.shape[0], image.shape[1]), augmentation, drawn)
        part = image[top : top + rows, left : left + columns]
        pixels = interpolate(part, Axis(rows, height, 0, height), Axis(columns, width, 0, width))
    else:
        pixels = interpolate(image, *window((image.shape[0], image.shape[1]), augmentation, drawn))
    pixels = colours(pixels, augmentation, drawn)
    if drawn["flip"] < augmentation.flip_probability:
        pixels = pixels[:, ::-1]
    if pixels.shape[:2] == augmentation.size:
        return pixels
    padded = np.full((height, width, image.shape[2]), augmentation.image_pad, np.float32)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
    return padded


def random_part(size: Size, augmentation: Augmentation, drawn: dict[str, float]) -> tuple[int, int, int, int]:
    """`(top, left, height, width)` of a part: its share of the area even from `area_from` to 1, its proportions from
    1 : `aspect_to` to `aspect_to` : 1 with an even logarithm, as in the training of Inception (arXiv:1409.4842).

    A side that would be longer than the image's is as long as that.
    """
    share = augmentation.area_from + (1 - augmentation.area_from) * drawn["scale"]
    aspect = exp(log(augmentation.aspect_to) * (2 * drawn["aspect"] - 1))
    area = share * size[0] * size[1]
    rows = min(size[0], max(1, round(sqrt(area / aspect))))
    columns = min(size[1], max(1, round(sqrt(area * aspect))))
    top = int(drawn["row"] * (size[0] - rows + 1))
    left = int(drawn["column"] * (size[1] - columns + 1))
    return top, left, rows, columns


def class_view(image: Array, size: Size) -> Array:
    """What a classifier of that size is shown of an image `(H, W, C)`: `(h, w, C)` float32 out of its middle, of an
    image that was resized so that the part is 7/8 of the side that fits."""
    scale = max(size[0] / image.shape[0], size[1] / image.shape[1]) / SHOWN_SHARE
    rows, columns = (_middle(side, scale, wanted) for side, wanted in zip(image.shape[:2], size, strict=True))
    return interpolate(image, rows, columns)


def _middle(side: int, scale: float, wanted: int) -> Axis:
    scaled = max(wanted, round(side * scale))
    return Axis(side, scaled, (scaled - wanted) // 2, wanted)
