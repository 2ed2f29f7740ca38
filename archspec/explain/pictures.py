"""Images to explain, with their labels where there are any, and the rectangle of them that is asked about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from archspec.arrays import Array
from archspec.datasets import (
    RGB,
    STACK_KINDS,
    ImageForm,
    displayed,
    read_stack,
    resized_pixels,
    stack_channels,
    with_further_files,
)
from archspec.errors import Place, user_error
from archspec.files import is_file

if TYPE_CHECKING:
    from archspec.datasets import Dataset

AS_RGB, GREY_OR_RGB, MOST_CHANNELS = ImageForm(), (1, RGB), 1024


@dataclass(frozen=True)
class Picture:
    """`image` `(H, W, 3)` uint8, as people are shown it; `label` `(H, W)` uint8, the class of each pixel or 255, None
    where not known. `pixels` `(H, W, C)` is what a network reads of it, None where that is the image itself."""

    name: str
    image: Array
    label: Array | None = None
    pixels: Array | None = None

    @classmethod
    def of(cls, name: str, pixels: Array, label: Array | None = None) -> Picture:
        """Of an image of any channels."""
        shown = displayed(pixels)
        return cls(name, shown, label, None if pixels.dtype == np.uint8 and pixels.shape[2] in (1, RGB) else pixels)

    @property
    def has_colours(self) -> bool:
        """Whether it is not grey throughout."""
        return bool((self.image != self.image[..., :1]).any())

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def read_picture(path: Path, form: ImageForm = AS_RGB) -> Picture:
    """An image file, as viewers show it or in the form that a network reads. Raises `UserError`."""
    if not is_file(path):
        raise user_error("no such file", f"Name an image: {STACK_KINDS}", place=Place(str(path)))
    return Picture.of(path.name, read_stack(with_further_files(path, form.channels), form))


def picture_channels(paths: Sequence[Path], dataset: Dataset | None) -> tuple[int, ...]:
    """How many channels images can be read as: files, the first one's further files among them, and a data set's.

    Raises `UserError`.
    """
    offered = [stack_channels([path]) for path in paths if is_file(path)]
    offered += [] if dataset is None else [dataset.channels or GREY_OR_RGB]
    common = [one for one in (offered[0] if offered else GREY_OR_RGB) if all(one in other for other in offered)]
    further = stack_channels(with_further_files(paths[0], MOST_CHANNELS)) if paths and is_file(paths[0]) else ()
    return (*common, *(one for one in further if one not in common))


def dataset_pictures(dataset: Dataset, split: str, count: int) -> list[Picture]:
    """`count` examples of a split, evenly chosen by name, or all when there are fewer. Raises `UserError`."""
    examples = dataset.examples(split)
    chosen = [examples[index * len(examples) // count] for index in range(count)] if count < len(examples) else examples
    return [
        Picture.of(
            example.name, dataset.read_image(example), None if example.label is None else dataset.read_label(example)
        )
        for example in chosen
    ]


def network_input(picture: Picture, size: tuple[int, int], channels: int) -> Array:
    """The image as a network reads it: `(1, H, W, channels)`, float32, 0..255; bilinear where the size differs."""
    from PIL import Image

    if picture.pixels is not None:
        return resized_pixels(picture.pixels, size)[None].astype(np.float32)
    image = Image.fromarray(picture.image)
    if channels == 1:
        image = image.convert("L")
    if picture.size != size:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32).reshape(1, *size, channels)


def resized_labels(labels: Array, size: tuple[int, int]) -> Array:
    """Classes `(h, w)` at another size `(H, W)`: of the nearest pixel, its centre counted; of any integer type."""
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(int)
        for wanted, given in zip(size, labels.shape, strict=True)
    )
    resized: Array = labels[rows][:, columns]
    return resized


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
