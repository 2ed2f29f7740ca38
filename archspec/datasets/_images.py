"""Image and label files as arrays: the one place where every command reads them, and what is wrong with a file.

Photos are turned and of 8 bits, labels hold their own numbers. A file that cannot be read rightly is a `UserError` with
its name, never a guess.
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

from archspec.arrays import Array
from archspec.datasets._contract import Size
from archspec.errors import Place, Problem, UserError, user_error
from archspec.files import exists, is_file

if TYPE_CHECKING:
    from PIL import Image


ORIENTATION, BITS, PHOTOMETRIC, WHITE_IS_ZERO = 0x0112, 258, 262, 0  # tags of EXIF and TIFF
LOSSY = ("jpeg", "tiff_jpeg", "webp")  # compressions inside a TIFF file
PACKED = {"L;2": 85, "L;4": 17}  # grey of 2 and 4 bits, which Pillow stretches to 0..255: by this factor
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
LABEL_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")  # without loss
IMAGE_KINDS = "PNG, JPEG, BMP, TIFF or WebP"
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # in Pillow's words; MPO is a JPEG
HEAD_BYTES = 1 << 17  # of a file in memory: most headers lie in it
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, RuntimeError,
            MemoryError, struct.error, zlib.error)  # fmt: skip  # Pillow raises all of them
_REMEDY = "Copy the file again, or take it out of the split"


def photo_pixels(image: Image.Image, channels: int = 3) -> Array:
    """The photo as viewers show it, `(H, W, channels)` uint8: turned by its EXIF orientation, 16 bits cut to the upper
    8 as libpng and OpenCV do. One channel is grey, three are RGB, four are RGBA.

    Raises `Problem` for several frames, transparent pixels where there are not four channels, numbers without a known
    range, and an image that has other channels than are wanted.
    """
    check_frames(image)
    turn, (height, width) = orientation(image), photo_size(image)  # before loading: Pillow turns TIFF while it loads
    image.load()
    pixels = turned(_channels(image, channels), turn)
    if pixels.shape[:2] != (height, width):
        raise Problem("its pixels have another size than its header says", "Save it again")
    return np.ascontiguousarray(pixels)


def photo_size(image: Image.Image) -> tuple[int, int]:
    """Height and width as `photo_pixels` gives them, from the header alone."""
    return (image.width, image.height) if orientation(image) >= 5 else (image.height, image.width)


def label_pixels(image: Image.Image) -> Array:
    """The numbers in a label file, `(H, W)` integers, never turned; colours are `(H, W, bands)`.

    Numbers are the samples as the file has them: palette entries, and 0 and 1 where there is one bit. Raises `Problem`
    for several frames, a lossy file, an orientation, and numbers that are not whole.
    """
    check_frames(image)
    compression = str(image.info.get("compression", ""))
    if image.format in ("JPEG", "MPO") or (image.format == "TIFF" and compression in LOSSY):
        raise Problem("a label that is compressed with loss (JPEG), which changes its numbers", "Save labels as PNG")
    if image.format == "TIFF" and _tiff_tag(image, ORIENTATION, 1) != 1:
        raise Problem("a label with an orientation tag, and labels are never turned", "Save it without")
    packed = PACKED.get(_raw_mode(image), 1)
    image.load()
    values = np.asarray(image)
    if values.dtype.kind == "f":
        raise Problem("a label of numbers with fractions (32-bit float)", "Save class numbers as whole numbers")
    return values // np.uint8(packed) if packed > 1 else values


def check_frames(image: Image.Image) -> None:
    """Raises `Problem` for an animation or several pages. The further pictures of a phone's MPO file do not count."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise Problem(f"holds {frames} images", "Save the one that is meant in a file of its own")


def orientation(image: Image.Image) -> int:
    """1 to 8 by EXIF, 1 where there is none or it is damaged. Pillow turns TIFF files itself: 1 for those."""
    from PIL import Image as pillow  # noqa: N813

    data = image.info.get("exif") if image.format != "TIFF" else None
    if not data:
        return 1
    try:
        exif = pillow.Exif()
        exif.load(data)
        found = exif.get(ORIENTATION, 1)
    except (SyntaxError, OSError, ValueError, TypeError, LookupError, EOFError, struct.error):
        return 1
    return found if found in range(1, 9) else 1


def turned(pixels: Array, orientation: int) -> Array:
    """The pixels of a file `(H, W, C)` as its EXIF orientation, 1 to 8, says that they are meant."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def is_plain_rgb(image: Image.Image) -> bool:
    """Whether every decoder reads the same from the file: 8 bits, no orientation, no transparency, one frame."""
    plain = (image.format, image.mode) in (("JPEG", "RGB"), ("PNG", "RGB")) and getattr(image, "n_frames", 1) == 1
    return plain and orientation(image) == 1 and "transparency" not in image.info and _raw_mode(image) == "RGB"


def _channels(image: Image.Image, wanted: int) -> Array:
    """`(H, W, wanted)` uint8, not turned."""
    if wanted == 4:
        if image.mode != "RGBA":
            raise Problem(f"has {len(image.getbands())} channel(s), and the network reads 4", "Name RGBA images")
        return np.asarray(image)
    pixels = _deep_grey(image) if image.mode[0] in "IF" else _eight_bit(image)
    if wanted == 3:
        return pixels
    if wanted != 1:
        remedy = "Image files are read as 1 (grey), 3 (RGB) or 4 (RGBA); others are arrays (.npy) or several files"
        raise Problem(f"the network reads {wanted} channels", remedy)
    if (pixels != pixels[..., :1]).any():
        raise Problem("has colours, and the network reads 1 channel", "Name grey images")
    return pixels[..., :1]


def _eight_bit(image: Image.Image) -> Array:
    """`(H, W, 3)` uint8 of an image of 8 bits a channel, or of colours that Pillow has cut to 8."""
    if not image.has_transparency_data:
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    pixels = np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
    if int(pixels[..., 3].min(initial=255)) < 255:
        fact = "has transparent pixels, and the network reads 3 channels: their colour is not known"
        raise Problem(fact, "Save it without an alpha channel")
    return pixels[..., :3]


def _deep_grey(image: Image.Image) -> Array:
    """Grey of more than 8 bits as `(H, W, 3)` uint8: its upper 8 bits. Pillow's own conversion cuts at 255."""
    values, bits = _deep_samples(image, any_kind=False)
    return np.repeat((values >> (bits - 8)).astype(np.uint8)[..., None], 3, -1)


def _deep_samples(image: Image.Image, any_kind: bool) -> tuple[Array, int]:
    """Grey of more than 8 bits `(H, W)`, uint16, and how many of them are used; with `any_kind` also of 32 bits.

    Raises `Problem` for other kinds: what is black and white in them is not known.
    """
    values, bits = np.asarray(image), 16
    if image.format == "TIFF":
        bits = int(np.max(_tiff_tag(image, BITS, 16)))
    whole = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")
    if not whole and not any_kind:
        kind = "32-bit float" if image.mode == "F" else "32-bit or signed"
        raise Problem(f"has {kind} numbers, whose black and white are not known", "Save it with 8 or 16 bits")
    key = image.info.get("transparency")
    if key is not None and (values == key).any():
        raise Problem("has transparent pixels: their colour is not known", "Save it without transparency")
    if not whole:
        return values, bits
    if image.format == "TIFF" and _tiff_tag(image, PHOTOMETRIC, 1) == WHITE_IS_ZERO:
        values = (1 << bits) - 1 - values  # Pillow turns it over at 8 bits only
    return values.astype(np.uint16), bits


def stored_samples(image: Image.Image, *, any_kind: bool, exact: bool) -> tuple[Array, int]:
    """The samples of the page of a picture that is looked at, `(H, W, its own channels)`, and how many bits are used.

    Grey has 1 channel, colours 3, RGBA 4. `any_kind`: also grey of 32 bits. `exact`: no bit may be lost. Raises
    `Problem`.
    """
    raw = _raw_mode(image)
    image.load()
    if image.mode[0] in "IF":
        values, bits = _deep_samples(image, any_kind)
        return values[..., None], bits
    if exact and ";16" in raw:
        raise Problem("has 16 bits a colour, and 8 of them are read", "Save it as an array (.npy)")
    if image.mode == "RGBA":
        return np.asarray(image), 8
    grey = image.mode in ("1", "L", "LA", "La")
    return (_eight_bit(image)[..., :1] if grey else _eight_bit(image)), 8


def _raw_mode(image: Image.Image) -> str:
    """How Pillow unpacks the file's samples (`L;4`); empty where it is not known."""
    tiles: Any = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _tiff_tag(image: Image.Image, tag: int, missing: int) -> Any:
    return getattr(image, "tag_v2", {}).get(tag, missing)


def read_image(source: Path | bytes, channels: int = 3, place: Place | None = None) -> Array:
    """An image file as viewers show it, `(H, W, channels)` uint8: RGB, or grey for 1 and RGBA for 4 channels.

    A source of bytes is what the file holds, at `place`. Raises `UserError` with the file's name.
    """
    with opened(source, place) as image:
        return photo_pixels(image, channels)


def image_size(source: Path | bytes, place: Place | None = None) -> Size:
    """The size that `read_image` gives, from the header alone. Raises `UserError` with the file's name."""
    with opened(source, place) as image:
        return photo_size(image)


def label_image_size(path: Path) -> Size:
    """The size of a label file, which is never turned, from its header. Raises `UserError` with the file's name."""
    with opened(path) as image:
        return image.height, image.width


def read_indices(source: Path | bytes, place: Place | None = None) -> Array:
    """A label file of one channel (grey or palette) as its own numbers `(H, W)`: uint8, or as wide as it has them.

    Raises `UserError` with the file's name, also for a file of colours.
    """
    with opened(source, place) as image:
        values = label_pixels(image)
        if values.ndim != 2:
            fact = f"a label must have one channel, this has {values.shape[2]}"
            raise Problem(fact, "Save class numbers, not colours")
        return values


def read_label_image(path: Path) -> Array:
    """A label file: its own numbers `(H, W)` where it has one channel, else colours `(H, W, 3)`. Raises `UserError`."""
    with opened(path) as image:
        values = label_pixels(image)
        return values if values.ndim == 2 else np.asarray(image.convert("RGB"))


def read_label_colours(path: Path) -> Array:
    """The colours of a label file `(H, W, 3)`, uint8. Raises `UserError` with the file's name."""
    with opened(path) as image:
        label_pixels(image)
        return np.asarray(image.convert("RGB"))


def check_decodes(path: Path) -> None:
    """Raises `UserError` with the file's name for an image or label that is cut short or damaged."""
    with opened(path) as image:
        image.load()


def plain_rgb(data: bytes) -> bool:
    """Whether every decoder reads the same RGB from a file's bytes, so that they can be passed on as they are."""
    try:
        with opened(data) as image:
            return is_plain_rgb(image)
    except UserError:
        return False


@contextmanager
def opened(source: Path | bytes, place: Place | None = None) -> Iterator[Image.Image]:
    """An image whose header has been read; what goes wrong inside is a `UserError` at `place`, else at the path."""
    from PIL import Image, UnidentifiedImageError

    place = place or Place(str(source) if isinstance(source, Path) else "")
    _without_warnings()
    try:
        if isinstance(source, Path) and exists(source) and not is_file(source):  # a pipe would be waited for
            raise Problem("not a file", f"Name an image: {IMAGE_KINDS}")  # noqa: TRY301
        with Image.open(source if isinstance(source, Path) else BytesIO(source), formats=FORMATS) as image:
            yield image
    except Problem as problem:
        raise UserError(problem.at(place)) from problem
    except UnidentifiedImageError as error:
        raise user_error(f"not an image that can be read ({IMAGE_KINDS})", _REMEDY, place=place) from error
    except Image.DecompressionBombError as error:
        raise user_error(_too_large(str(error)), "Cut it into tiles, or make it smaller", place=place) from error
    except _DAMAGED as error:
        raise unreadable(place, error) from error


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
