"""Images to explain, with their labels where there are any, and the rectangle of them that is asked about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archspec.arrays import Array
from archspec.datasets import IMAGE_KINDS, read_image
from archspec.errors import Place, user_error
from archspec.files import is_file

if TYPE_CHECKING:
    from archspec.datasets import Dataset


@dataclass(frozen=True)
class Picture:
    """`image` `(H, W, 3)` uint8; `label` `(H, W)` uint8, the class of each pixel or 255, None where not known."""

    name: str
    image: Array
    label: Array | None = None

    @property
    def has_colours(self) -> bool:
        """Whether it is not grey throughout."""
        return bool((self.image != self.image[..., :1]).any())

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def read_picture(path: Path) -> Picture:
    """An image file as viewers show it. Raises `UserError`."""
    if not is_file(path):
        raise user_error("no such file", f"Name an image: {IMAGE_KINDS}", place=Place(str(path)))
    return Picture(path.name, read_image(path))


def dataset_pictures(dataset: Dataset, split: str, count: int) -> list[Picture]:
    """`count` examples of a split, evenly chosen by name, or all when there are fewer. Raises `UserError`."""
    examples = dataset.examples(split)
    chosen = [examples[index * len(examples) // count] for index in range(count)] if count < len(examples) else examples
    return [
        Picture(
            example.name, dataset.read_image(example), None if example.label is None else dataset.read_label(example)
        )
        for example in chosen
    ]


def network_input(picture: Picture, size: tuple[int, int], channels: int) -> Array:
    """The image as a network reads it: `(1, H, W, channels)`, float32, 0..255; bilinear where the size differs."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(picture.image)
    if channels == 1:
        image = image.convert("L")
    if picture.size != size:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32).reshape(1, *size, channels)


def resized_labels(labels: Array, size: tuple[int, int]) -> Array:
    """Classes `(h, w)` at another size `(H, W)`: of the nearest pixel, its centre counted; of any integer type."""
    import numpy as np

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
