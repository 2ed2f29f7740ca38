"""One training sample out of an image and its label: the same window of both, drawn from hashes, cut before resizing.

Positions follow `tf.image.resize` (half-pixel centres, no antialiasing): output row i of an image scaled from H to H'
rows lies at (i + 0.5) * H / H' - 0.5. The image is interpolated there, the label takes the nearest pixel. Only the rows
and columns that the crop needs are touched.

Random numbers have no state: each is a hash of the seed, of the number of the sample and of what it is for. So the
draws of step 1000 need none of the 999 steps before it, and they are the same on every machine and with every version
of NumPy or TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np

from archspec.arrays import Array
from archspec.datasets._contract import Dataset, class_pixels
from archspec.datasets._image_form import RGB
from archspec.errors import Fault, Problem, UserError, nearest

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
Point = tuple[int, int]
FEWEST_PIXELS = 100  # of a class in an image: crops are not placed around smaller specks
_THREADS = 4
DRAWS = (
    "scale", "row", "column", "flip", "brightness", "contrast", "saturation",
    "focus", "focus_class", "focus_image", "focus_pixel", "aspect",
)  # fmt: skip
MARGIN = 0.1  # of a crop, at each end: the pixel that it is placed around never lies there
FIRST_PURPOSE = 16  # purposes below are for the order of samples
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random scale, crop and flip of image and label together; then the colours of the image alone.

    `crop` or `fixed_size` is the `(height, width)` of what comes out, the other is None. With `crop` the image is
    scaled by one of `scale_from`, `scale_from + scale_step`, … `scale_to`, all equally likely (a step of 0: by any
    number between), padded at the bottom and the right where it is smaller than the crop, and cut at a random place,
    as DeepLab's input_preprocess.py does. With `fixed_size` the whole image is
    resized to that, whatever its proportions. The defaults are the papers': 0.5 to 2.0 in steps of 0.25, flip 0.5.

    `brightness`, `contrast`, `saturation` are largest changes: 0.2 draws a factor (brightness: a share of 255 to add)
    evenly from -0.2 to +0.2 around none. 0 is off. Brightness and contrast change all channels alike, of any number;
    saturation is of RGB alone (`check_colours`).

    `focus_share` of the crops are not of the next image: a class of `focus_classes` (names; all equally likely) is
    drawn, an image that has it, and one of its pixels, and the crop lies around that. Small classes are learnt in far
    fewer steps that way.

    `area_from` is for labels of whole images: a random part that has from this share of the area up to all of it, of
    proportions from 1 : `aspect_to` to `aspect_to` : 1, is resized to `crop`. 0 is off.

    Raises `Problem` for values that make no sense.
    """

    crop: tuple[int, int] | None = None
    fixed_size: tuple[int, int] | None = None
    scale_from: float = 0.5
    scale_to: float = 2.0
    scale_step: float = 0.25
    flip_probability: float = 0.5
    image_pad: float = 127.5
    label_pad: int = 255
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    focus_share: float = 0.0
    focus_classes: tuple[str, ...] = ()
    area_from: float = 0.0
    aspect_to: float = 4 / 3

    def __post_init__(self) -> None:
        if (self.crop is None) == (self.fixed_size is None):
            raise Problem("an augmentation has either a crop or a fixed size", "Give one (height, width)")
        if min(self.size) < 1:
            raise Problem(f"the size {self.size} is not positive", "Give (height, width) in pixels")
        if not 0 < self.scale_from <= self.scale_to or self.scale_step < 0:
            fact = f"scales from {self.scale_from} to {self.scale_to} in steps of {self.scale_step}"
            raise Problem(fact, "Give 0 < from <= to and step >= 0")
        if not 0 <= self.flip_probability <= 1:
            raise Problem(f"a flip probability of {self.flip_probability}", "Give one from 0 to 1")
        if min(self.brightness, self.contrast, self.saturation) < 0 or max(self.contrast, self.saturation) > 1:
            raise Problem("a change of colours is negative or larger than 1", "Give values from 0 to 1")
        if not 0 <= self.focus_share <= 1:
            raise Problem(f"a focus share of {self.focus_share}", "Give one from 0 to 1")
        if bool(self.focus_share) != bool(self.focus_classes):
            raise Problem("a focus has a share and classes", "Give both focus_share and focus_classes, or neither")
        if not 0 <= self.area_from <= 1 or self.aspect_to < 1:
            raise Problem(f"parts from {self.area_from} of the area on, of proportions up to {self.aspect_to}",
                          "Give 0 < area_from <= 1, such as 0.08, and aspect_to >= 1")  # fmt: skip
        if self.area_from and self.crop is None:
            raise Problem("random parts have the size of a crop, and there is none", "Give crop: [height, width]")
        if self.focus_share and self.crop is None:
            raise Problem("a focus places crops, and there are none with a fixed size", "Give crop: [height, width]")

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of what comes out."""
        return cast("tuple[int, int]", self.crop or self.fixed_size)  # one of them is there: checked when made

    def scale(self, drawn: float) -> float:
        """The scale of a draw in [0, 1)."""
        if self.scale_step == 0:
            return self.scale_from + drawn * (self.scale_to - self.scale_from)
        count = int((self.scale_to - self.scale_from) / self.scale_step + 1e-6) + 1
        return self.scale_from + int(drawn * count) * self.scale_step


def check_colours(augmentation: Augmentation, channels: int) -> None:
    """Raises `Problem` for a change of saturation where images are not RGB."""
    if augmentation.saturation and channels != RGB:
        fact = f"a change of saturation of images of {channels} channel{'' if channels == 1 else 's'}"
        raise Problem(fact, "Leave saturation out: it is of RGB; brightness and contrast are of any channels")


def uniform(seed: int, numbers: Array, purpose: int) -> Array:
    """A float64 in [0, 1) for each of `numbers` (whole and not negative). `purpose` keeps kinds of draws apart."""
    hashed: Array = _hashed(seed, numbers, purpose) >> np.uint64(11)
    return hashed.astype(np.float64) * 2.0**-53


def permutation(seed: int, epoch: int, count: int) -> Array:
    """The numbers below `count` in the order of an epoch."""
    key = int(_hashed(seed, np.array([epoch]), 0)[0])
    return np.argsort(_hashed(key, np.arange(count), 1), kind="stable")


def _hashed(seed: int, numbers: Array, purpose: int) -> Array:
    with np.errstate(over="ignore"):
        start = _mixed(_mixed(np.array([seed % 2**64], np.uint64)) + np.uint64(purpose) * _GOLDEN)
        return _mixed(_mixed(start + numbers.astype(np.uint64) * _GOLDEN))


def _mixed(values: Array) -> Array:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit in changes half of the bits out."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = values ^ (values >> np.uint64(31))
    return mixed


def class_numbers(names: tuple[str, ...], dataset: Dataset) -> tuple[int, ...]:
    """The numbers of classes. Raises `UserError` for a name that the data set does not have."""
    known = dataset.classes.names
    faults = [
        Fault(f"{dataset.name} has no class '{name}'", nearest(name, known), "focus_classes", dataset.place)
        for name in names
        if name not in known
    ]
    if faults:
        raise UserError(faults)
    return tuple(known.index(name) for name in names)


class Focus:
    """Which images have which of the classes; every label of the split is read once to know it."""

    def __init__(self, classes: tuple[int, ...], images: int, label: Callable[[int], Array]) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            counts = np.stack(list(pool.map(lambda index: class_pixels(label(index)), range(images))))
        found = [(number, np.flatnonzero(counts[:, number] >= FEWEST_PIXELS)) for number in classes]
        self._having = [(number, having) for number, having in found if having.size]

    def choose(self, drawn: dict[str, float]) -> tuple[int, int] | None:
        """`(image, class)`; None when no image has any of the classes."""
        if not self._having:
            return None
        number, having = self._having[int(drawn["focus_class"] * len(self._having))]
        return int(having[int(drawn["focus_image"] * having.size)]), number


def pixel_of(label: Array, number: int, drawn: dict[str, float]) -> Point:
    """`(row, column)` of a pixel of the class."""
    where = np.flatnonzero(label == number if label.ndim == 2 else label[..., number] == 1)
    row, column = divmod(int(where[int(drawn["focus_pixel"] * where.size)]), label.shape[1])
    return row, column


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


def window(
    size: tuple[int, int], augmentation: Augmentation, drawn: dict[str, float], point: Point | None = None
) -> tuple[Axis, Axis]:
    """Which rows and columns of an image of `size` are wanted; `point` is a pixel that must be inside the crop."""
    if augmentation.fixed_size is not None:
        rows, columns = augmentation.fixed_size
        return Axis(size[0], rows, 0, rows), Axis(size[1], columns, 0, columns)
    scale = augmentation.scale(drawn["scale"])
    height, width = augmentation.size
    row, column = point or (None, None)
    return _axis(size[0], scale, height, drawn["row"], row), _axis(size[1], scale, width, drawn["column"], column)


def _axis(source: int, scale: float, wanted: int, drawn: float, point: int | None) -> Axis:
    scaled = max(1, int(source * scale))  # cut off, as DeepLab does
    free = max(0, scaled - wanted)
    offset = int(drawn * (free + 1))
    if point is not None:  # somewhere in the crop but for a tenth at each end, the crop within the image
        inside = (MARGIN + (1 - 2 * MARGIN) * drawn) * wanted
        offset = min(max(int((point + 0.5) * scaled / source - inside), 0), free)
    return Axis(source, scaled, offset, min(scaled, wanted))


def sample(
    image: Array, label: Array, augmentation: Augmentation, drawn: dict[str, float], point: Point | None = None
) -> tuple[Array, Array]:
    """`(H, W, C)` in 0..255 and `(H, W)` uint8 to `(h, w, C)` float32 in 0..255 and `(h, w)` uint8; masks
    `(H, W, classes)` to masks."""
    rows, columns = window((image.shape[0], image.shape[1]), augmentation, drawn, point)
    pixels = colours(interpolate(image, rows, columns), augmentation, drawn)
    classes = label[np.ix_(rows.nearest(), columns.nearest())]
    if drawn["flip"] < augmentation.flip_probability:
        pixels, classes = pixels[:, ::-1], classes[:, ::-1]
    if classes.shape[:2] == augmentation.size:
        return pixels, classes
    padded = np.full((*augmentation.size, image.shape[2]), augmentation.image_pad, np.float32)
    padded_classes = np.full((*augmentation.size, *label.shape[2:]), augmentation.label_pad, np.uint8)
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
