"""Images to explain, with their labels where there are any: from files, or from a split of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        """Height and width."""
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
