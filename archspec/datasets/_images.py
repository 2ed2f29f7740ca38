"""Image files to arrays, and what is wrong with a file in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.errors import Place, UserError, user_error

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
_REMEDY = "Copy the file again, or take it out of the split"


def read_rgb(path: Path) -> Array:
    """An image file as `(H, W, 3)` uint8 RGB. Raises `UserError` with the file's name."""
    return _read(path, "RGB")


def read_indices(path: Path) -> Array:
    """A one-channel PNG (grey or palette) as its own numbers `(H, W)`: uint8, or uint16 where it has 16 bits.

    Raises `UserError` with the file's name, also for a PNG of colours.
    """
    values = _read(path, None)
    if values.ndim != 2:
        fact = f"a label must have one channel, this has {values.shape[2]}"
        raise user_error(fact, "Save class numbers, not colours", place=Place(str(path)))
    return values


def size_of(path: Path) -> tuple[int, int]:
    """`(height, width)` from the header alone. Raises `UserError` with the file's name."""
    with opened(path) as image:
        return image.height, image.width


def _read(path: Path, mode: str | None) -> Array:
    with opened(path) as image:
        return np.asarray(image if mode is None else image.convert(mode))


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """An image file whose header has been read; what goes wrong inside is a `UserError` with the file's name."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            yield image
    except UnidentifiedImageError as error:
        raise user_error("not an image that can be read", _REMEDY, place=Place(str(path))) from error
    except Image.DecompressionBombError as error:
        raise user_error(f"too large ({error})", _REMEDY, place=Place(str(path))) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> UserError:
    """Why a file cannot be read: missing, forbidden, or cut short."""
    reason = getattr(error, "strerror", None) or str(error)
    return user_error(f"cannot be read ({reason})", _REMEDY, place=Place(str(path)))
