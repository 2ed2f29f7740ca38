"""One training sample out of an image and its label: the same window of both, drawn from hashes, cut before resizing.

Positions follow `tf.image.resize` (half-pixel centres, no antialiasing): output row i of an image scaled from H to H'
rows lies at (i + 0.5) * H / H' - 0.5. The image is interpolated there, the label takes the nearest pixel. Only the rows
and columns that the crop needs are touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.datasets._augmentation import Augmentation
from archspec.datasets._draws import uniform

Array = np.ndarray[Any, Any]

DRAWS = ("scale", "row", "column", "flip", "brightness", "contrast", "saturation")
FIRST_PURPOSE = 16  # purposes below are for the order of samples
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Axis:
    """Which part of one axis: `count` positions from `offset` on, of `source` pixels scaled to `scaled`."""

    source: int
    scaled: int
    offset: int
    count: int

    def positions(self) -> Array:
        """Where each output pixel's centre lies among the source's, float64."""
        return (np.arange(self.offset, self.offset + self.count) + 0.5) * (self.source / self.scaled) - 0.5

    def nearest(self) -> Array:
        """The source pixel that each output pixel's centre lies in."""
        return np.clip(np.floor(self.positions() + 0.5).astype(np.intp), 0, self.source - 1)


def draw(seed: int, numbers: Array) -> list[dict[str, float]]:
    """The draws, each in [0, 1), of the samples with these numbers, counted from the start of the run."""
    columns = [uniform(seed, numbers, FIRST_PURPOSE + purpose).tolist() for purpose in range(len(DRAWS))]
    return [dict(zip(DRAWS, row, strict=True)) for row in zip(*columns, strict=True)]


def window(size: tuple[int, int], augmentation: Augmentation, drawn: dict[str, float]) -> tuple[Axis, Axis]:
    """Which rows and columns of an image of `size` are wanted."""
    if augmentation.fixed_size is not None:
        rows, columns = augmentation.fixed_size
        return Axis(size[0], rows, 0, rows), Axis(size[1], columns, 0, columns)
    scale = augmentation.scale(drawn["scale"])
    height, width = augmentation.size
    return _axis(size[0], scale, height, drawn["row"]), _axis(size[1], scale, width, drawn["column"])


def _axis(source: int, scale: float, wanted: int, drawn: float) -> Axis:
    scaled = max(1, int(source * scale))  # cut off, as DeepLab does
    free = max(0, scaled - wanted)
    return Axis(source, scaled, int(drawn * (free + 1)), min(scaled, wanted))


def sample(image: Array, label: Array, augmentation: Augmentation, drawn: dict[str, float]) -> tuple[Array, Array]:
    """`(H, W, 3)` uint8 and `(H, W)` uint8 to `(h, w, 3)` float32 in 0..255 and `(h, w)` uint8."""
    rows, columns = window((image.shape[0], image.shape[1]), augmentation, drawn)
    pixels = colours(interpolate(image, rows, columns), augmentation, drawn)
    classes = label[np.ix_(rows.nearest(), columns.nearest())]
    if drawn["flip"] < augmentation.flip_probability:
        pixels, classes = pixels[:, ::-1], classes[:, ::-1]
    if classes.shape == augmentation.size:
        return pixels, classes
    padded = np.full((*augmentation.size, 3), augmentation.image_pad, np.float32)
    padded_classes = np.full(augmentation.size, augmentation.label_pad, np.uint8)
    padded[: classes.shape[0], : classes.shape[1]] = pixels
    padded_classes[: classes.shape[0], : classes.shape[1]] = classes
    return padded, padded_classes


def interpolate(image: Array, rows: Axis, columns: Axis) -> Array:
    """The window of an image `(H, W, C)`, bilinear, float32: rows first, so that no pixel outside is touched."""
    if rows.source == rows.scaled and columns.source == columns.scaled:
        part = image[rows.offset : rows.offset + rows.count, columns.offset : columns.offset + columns.count]
        return part.astype(np.float32)
    before, after, share = _neighbours(columns)
    first = before[0]
    strip = image[:, first : after[-1] + 1]
    return _lerp(_lerp(strip, *_neighbours(rows), axis=0), before - first, after - first, share, axis=1)


def _neighbours(axis: Axis) -> tuple[Array, Array, Array]:
    """The two pixels around each position and the second's share, float32."""
    where = np.clip(axis.positions(), 0, axis.source - 1)
    before = np.floor(where).astype(np.intp)
    return before, np.minimum(before + 1, axis.source - 1), (where - before).astype(np.float32)


def _lerp(image: Array, before: Array, after: Array, share: Array, axis: int) -> Array:
    shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    low = image.take(before, axis).astype(np.float32, copy=False)
    high = image.take(after, axis).astype(np.float32, copy=False)
    high -= low
    high *= share.reshape(shape)
    high += low
    return high


def colours(image: Array, augmentation: Augmentation, drawn: dict[str, float]) -> Array:
    """Brightness, then contrast around the window's mean, then saturation around grey; clipped to 0..255."""
    most = {name: getattr(augmentation, name) for name in ("brightness", "contrast", "saturation")}
    if not any(most.values()):
        return image
    change = {name: np.float32((2 * drawn[name] - 1) * limit) for name, limit in most.items()}
    image = image + change["brightness"] * np.float32(255)
    if most["contrast"]:
        mean = image.mean(dtype=np.float64).astype(np.float32)
        image = mean + (image - mean) * (1 + change["contrast"])
    if most["saturation"]:
        grey = (image @ _GREY)[:, :, None]
        image = grey + (image - grey) * (1 + change["saturation"])
    clipped: Array = np.clip(image, 0, 255)
    return clipped
