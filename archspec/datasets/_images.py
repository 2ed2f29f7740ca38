"""Image and label files to arrays: the one place where every command reads them, and what is wrong with a file.

`_pixels.py` says what the arrays are. A file that cannot be read rightly is a `UserError` with its name.
"""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.datasets._contract import Size
from archspec.datasets._pixels import is_plain_rgb, label_pixels, photo_pixels, photo_size
from archspec.errors import Place, Problem, UserError, user_error
from archspec.files import exists, is_file

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
LABEL_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")  # without loss
IMAGE_KINDS = "PNG, JPEG, BMP, TIFF or WebP"
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # in Pillow's words; MPO is a JPEG
HEAD_BYTES = 1 << 17  # of a file in memory: most headers lie in it
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, RuntimeError,
            MemoryError, struct.error, zlib.error)  # fmt: skip  # Pillow raises all of them
_REMEDY = "Copy the file again, or take it out of the split"


def read_image(path: Path, channels: int = 3) -> Array:
    """An image file as viewers show it, `(H, W, channels)` uint8: RGB, or grey for 1 and RGBA for 4 channels.

    Raises `UserError` with the file's name.
    """
    with opened(path, Place(str(path))) as image:
        return photo_pixels(image, channels)


def decode_image(data: bytes, place: Place) -> Array:
    """As `read_image`, of a file's bytes: `(H, W, 3)` uint8 RGB."""
    with opened(BytesIO(data), place) as image:
        return photo_pixels(image)


def image_size(path: Path) -> Size:
    """The size that `read_image` gives, from the header alone. Raises `UserError` with the file's name."""
    with opened(path, Place(str(path))) as image:
        return photo_size(image)


def decode_image_size(data: bytes, place: Place) -> Size:
    """As `image_size`, of a file's bytes or of their beginning."""
    with opened(BytesIO(data), place) as image:
        return photo_size(image)


def label_image_size(path: Path) -> Size:
    """The size of a label file, which is never turned, from its header. Raises `UserError` with the file's name."""
    with opened(path, Place(str(path))) as image:
        return image.height, image.width


def read_indices(path: Path) -> Array:
    """A label file of one channel (grey or palette) as its own numbers `(H, W)`: uint8, or as wide as it has them.

    Raises `UserError` with the file's name, also for a file of colours.
    """
    with opened(path, Place(str(path))) as image:
        return _one_channel(label_pixels(image))


def decode_indices(data: bytes, place: Place) -> Array:
    """As `read_indices`, of a file's bytes."""
    with opened(BytesIO(data), place) as image:
        return _one_channel(label_pixels(image))


def read_label_image(path: Path) -> Array:
    """A label file: its own numbers `(H, W)` where it has one channel, else colours `(H, W, 3)`. Raises `UserError`."""
    with opened(path, Place(str(path))) as image:
        values = label_pixels(image)
        return values if values.ndim == 2 else np.asarray(image.convert("RGB"))


def read_label_colours(path: Path) -> Array:
    """The colours of a label file `(H, W, 3)`, uint8. Raises `UserError` with the file's name."""
    with opened(path, Place(str(path))) as image:
        label_pixels(image)
        return np.asarray(image.convert("RGB"))


def check_decodes(path: Path) -> None:
    """Raises `UserError` with the file's name for an image or label that is cut short or damaged."""
    with opened(path, Place(str(path))) as image:
        image.load()


def plain_rgb(data: bytes) -> bool:
    """Whether every decoder reads the same RGB from a file's bytes, so that they can be passed on as they are."""
    try:
        with opened(BytesIO(data), Place("")) as image:
            return is_plain_rgb(image)
    except UserError:
        return False


def _one_channel(values: Array) -> Array:
    if values.ndim != 2:
        raise Problem(f"a label must have one channel, this has {values.shape[2]}", "Save class numbers, not colours")
    return values


@contextmanager
def opened(source: Path | BytesIO, place: Place) -> Iterator[Image.Image]:
    """An image whose header has been read; what goes wrong inside is a `UserError` at `place`."""
    from PIL import Image, UnidentifiedImageError

    _without_warnings()
    try:
        _check_is_file(source)
        with Image.open(source, formats=FORMATS) as image:
            yield image
    except Problem as problem:
        raise UserError(problem.at(place)) from problem
    except UnidentifiedImageError as error:
        raise user_error(f"not an image that can be read ({IMAGE_KINDS})", _REMEDY, place=place) from error
    except Image.DecompressionBombError as error:
        raise user_error(_too_large(str(error)), "Cut it into tiles, or make it smaller", place=place) from error
    except _DAMAGED as error:
        raise unreadable(place, error) from error


def _check_is_file(source: Path | BytesIO) -> None:
    """A pipe would be waited for."""
    if isinstance(source, Path) and exists(source) and not is_file(source):
        raise Problem("not a file", f"Name an image: {IMAGE_KINDS}")


@cache
def _without_warnings() -> None:
    """Pillow warns of damaged EXIF data and at half of the size that it refuses; here only what is refused is said."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _too_large(words: str) -> str:
    """Pillow names the pixels and the limit."""
    pixels, *limit = (f"{int(number):,}" for number in re.findall(r"\d+", words))
    return f"too large: {pixels} pixels, and at most {limit[0]} are read" if limit else f"too large ({words})"


def unreadable(place: Place, error: Exception) -> UserError:
    """Why a file cannot be read: missing, forbidden, cut short or damaged."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return user_error(f"cannot be read ({reason})", _REMEDY, place=place)
