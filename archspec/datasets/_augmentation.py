"""What is done to a training image and its label, as plain values; drawing and doing it are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from archspec.errors import Problem


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random scale, crop and flip of image and label together; then the colours of the image alone.

    `crop` or `fixed_size` is the `(height, width)` of what comes out, the other is None. With `crop` the image is
    scaled by one of `scale_from`, `scale_from + scale_step`, … `scale_to`, all equally likely (a step of 0: by any
    number between), padded at the bottom and the right where it is smaller than the crop, and cut at a random place,
    as DeepLab's input_preprocess.py does. With `fixed_size` the whole image is
    resized to that, whatever its proportions. The defaults are the papers': 0.5 to 2.0 in steps of 0.25, flip 0.5.

    `brightness`, `contrast`, `saturation` are largest changes: 0.2 draws a factor (brightness: a share of 255 to add)
    evenly from -0.2 to +0.2 around none. 0 is off. Raises `Problem` for values that make no sense.
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
