"""Colours of maps and of classes."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array

Colour = tuple[int, int, int]

# Inferno of matplotlib (CC0) at ten places: even steps of it are even steps to the eye, also of the colour-blind.
INFERNO = ("000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4")


def heat(values: Array) -> Array:
    """Numbers `(H, W)` in 0..1 as colours `(H, W, 3)`, uint8: black, red, yellow."""
    anchors = np.array([list(bytes.fromhex(colour)) for colour in INFERNO], float)
    places = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(values, places, anchors[:, part]) for part in range(3)], -1).round().astype(np.uint8)


def palette(count: int) -> tuple[Colour, ...]:
    """A colour for each class, of networks whose data set is not known: Pascal VOC's, which are all different."""
    return tuple(_voc_colour(number) for number in range(count))


def _voc_colour(number: int) -> Colour:
    """Its bits in turn to red, green and blue, the first ones to the highest places."""
    colour = [0, 0, 0]
    for place in range(7, -1, -1):
        for part in range(3):
            colour[part] |= (number >> part & 1) << place
        number >>= 3
    return colour[0], colour[1], colour[2]


def painted(labels: Array, colours: tuple[Colour, ...]) -> Array:
    """Classes `(H, W)` in their colours `(H, W, 3)`; what is no class (the ignored) in black."""
    table = np.zeros((256 if len(colours) < 256 else len(colours) + 1, 3), np.uint8)
    table[: len(colours)] = colours
    return table[labels]


def blended(image: Array, colours: Array, share: float) -> Array:
    """`share` of the colours over the image, both `(H, W, 3)` uint8."""
    return (image * (1 - share) + colours * share).round().astype(np.uint8)


def grey(image: Array) -> Array:
    """The brightness of an image `(H, W, 3)`, still of three channels (ITU-R BT.601)."""
    return np.repeat((image @ (0.299, 0.587, 0.114)).round().astype(np.uint8)[..., None], 3, axis=-1)
