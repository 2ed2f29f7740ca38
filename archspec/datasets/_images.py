"""Image files to arrays, and what is wrong with a file in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.datasets._contract import Size
from archspec.errors import Place, UserError, user_error

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
_REMEDY = "Copy the file again, or take it out of the split"


def read_rgb(path: Path) -> Array:
    """An image file as `(H, W, 3)` uint8 RGB. Raises `UserError` with the file's name."""
    return _array(path, Place(str(path)), "RGB")


def read_indices(path: Path) -> Array:
    """A one-channel PNG (grey or palette) as its own numbers `(H, W)`: uint8, or uint16 where it has 16 bits.

    Raises `UserError` with the file's name, also for a PNG of colours.
    """
    return _one_channel(_array(path, Place(str(path)), None), Place(str(path)))


def read_label_image(path: Path) -> Array:
    """A label PNG: its own numbers `(H, W)` where it has one channel, else colours `(H, W, 3)`. Raises `UserError`."""
    values = _array(path, Place(str(path)), None)
    return values if values.ndim == 2 else _array(path, Place(str(path)), "RGB")


def decode_rgb(data: bytes, place: Place) -> Array:
    """As `read_rgb`, of a file's bytes."""
    return _array(BytesIO(data), place, "RGB")


def decode_indices(data: bytes, place: Place) -> Array:
    """As `read_indices`, of a file's bytes."""
    return _one_channel(_array(BytesIO(data), place, None), place)


def size_of(path: Path) -> Size:
    """The size from the header alone. Raises `UserError` with the file's name."""
    with opened(path, Place(str(path))) as image:
        return image.height, image.width


def _one_channel(values: Array, place: Place) -> Array:
    if values.ndim != 2:
        fact = f"a label must have one channel, this has {values.shape[2]}"
        raise user_error(fact, "Save class numbers, not colours", place=place)
    return values


def _array(source: Path | BytesIO, place: Place, mode: str | None) -> Array:
    with opened(source, place) as image:
        return np.asarray(image if mode is None else image.convert(mode))


@contextmanager
def opened(source: Path | BytesIO, place: Place) -> Iterator[Image.Image]:
    """An image whose header has been read; what goes wrong inside is a `UserError` at `place`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(source) as image:
            yield image
    except UnidentifiedImageError as error:
        raise user_error("not an image that can be read", _REMEDY, place=place) from error
    except Image.DecompressionBombError as error:
        raise user_error(f"too large ({error})", _REMEDY, place=place) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise unreadable(place, error) from error


def unreadable(place: Place, error: Exception) -> UserError:
    """Why a file cannot be read: missing, forbidden, or cut short."""
    reason = getattr(error, "strerror", None) or str(error)
    return user_error(f"cannot be read ({reason})", _REMEDY, place=place)
