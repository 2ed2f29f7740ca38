"""How image files become the numbers that a network reads: how many channels, and what more than 8 bits become.

A network reads numbers from 0 to 255. Samples of 8 bits are such numbers. Of 16 bits the upper 8 are taken, unless the
spec's `input.deep_range: [low, high]` says which numbers become 0 and 255: then all of them keep their precision, and
numbers with fractions (32-bit float) can be read too. What lies beyond the range is cut to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archspec.arrays import Array
from archspec.errors import NOWHERE, Place, Problem, user_error
from archspec.spec import Table

if TYPE_CHECKING:
    from archspec.spec import Spec

RGB = 3
LARGEST = 255
KINDS = {1: "1 (grey)", 3: "3 (RGB)", 4: "4 (RGBA)"}
_BYTE_BITS = 8


@dataclass(frozen=True, slots=True)
class ImageForm:
    """`channels` (0: as many as a file has, with its own numbers), and `deep_range`, the numbers of more than 8 bits
    that become 0 and 255 (None: the upper 8 bits)."""

    channels: int = RGB
    deep_range: tuple[float, float] | None = None

    @property
    def as_stored(self) -> bool:
        """Whether channels and numbers are left as they are."""
        return not self.channels

    def numbers(self, values: Array, bits: int) -> Array:
        """The samples of a file, `bits` of them used, as numbers from 0 to 255: uint8, or float32 by `deep_range`.

        Raises `Problem` for numbers whose black and white are not known.
        """
        if values.dtype == np.bool_:
            values = values.astype(np.uint8) * np.uint8(LARGEST)
        if self.as_stored or values.dtype == np.uint8:
            return values
        if self.deep_range is not None:
            low, high = self.deep_range
            if not np.isfinite(values).all():
                raise Problem("holds numbers that are not finite", "Write numbers into it")
            scaled: Array = (values.astype(np.float32) - np.float32(low)) * np.float32(LARGEST / (high - low))
            return np.clip(scaled, 0, LARGEST)
        if values.dtype != np.uint16:
            kind = f"{8 * values.dtype.itemsize}-bit " + ("float" if values.dtype.kind == "f" else "or signed")
            remedy = "Write input: {deep_range: [LOW, HIGH]} in the spec, or save it with 8 or 16 bits"
            raise Problem(f"has {kind} numbers, whose black and white are not known", remedy)
        return (values >> (bits - _BYTE_BITS)).astype(np.uint8)


AS_STORED = ImageForm(0)


def image_form(spec: Spec) -> ImageForm:
    """How a spec's network reads its images. Raises `UserError` for a range that is none."""
    values = spec.values["input"]
    channels, deep = values.get("channels"), values.get("deep_range")
    found = (float(deep[0]), float(deep[1])) if isinstance(deep, list | tuple) else None
    if found is not None and not found[0] < found[1]:
        fact = f"a range from {found[0]:g} to {found[1]:g}"
        raise user_error(fact, "Write [low, high], such as [0, 65535]", "input.deep_range", _place(spec, "deep_range"))
    return ImageForm(channels if isinstance(channels, int) else RGB, found)


def check_channels(spec: Spec, offered: Sequence[int]) -> None:
    """Raises `UserError`, with the line of the spec, for a network that reads other images than these.

    `offered` are the numbers of channels that the images can be read as; empty where that is not known.
    """
    channels = spec.values["input"].get("channels")
    if not offered or not isinstance(channels, int) or channels in offered:
        return
    fact = f"the network reads images of {channels} channel{'' if channels == 1 else 's'}, and the images have "
    fact += describe_channels(offered)
    remedy = f"Write channels: {offered[0]}, or give images of {channels} (docs/datasets.md: channels)"
    raise user_error(fact, remedy, "input.channels", _place(spec, "channels"))


def displayed(image: Array) -> Array:
    """An image of any channels as people are shown it, `(H, W, 3)` uint8.

    Three and more: the first three as red, green and blue; one or two: the first as grey.
    """
    if image.dtype != np.uint8:
        image = np.rint(image).astype(np.uint8)
    if image.shape[-1] >= RGB:
        return image[..., :RGB]
    return np.repeat(image[..., :1], RGB, -1)


def describe_channels(offered: Sequence[int]) -> str:
    """`1 (grey) or 3 (RGB)`."""
    return " or ".join(KINDS.get(one, str(one)) for one in offered)


def _place(spec: Spec, key: str) -> Place:
    image = spec.document.get("input")
    node = image.get(key) if isinstance(image, Table) else None
    return NOWHERE if node is None else node.place
