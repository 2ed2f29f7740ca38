"""The pixels of an image that Pillow has opened, as arrays: photos turned and of 8 bits, labels as their own numbers.

What cannot be read rightly is a `Problem`, never a guess.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.errors import Problem

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, Any]

ORIENTATION, BITS, PHOTOMETRIC, WHITE_IS_ZERO = 0x0112, 258, 262, 0  # tags of EXIF and TIFF
LOSSY = ("jpeg", "tiff_jpeg", "webp")  # compressions inside a TIFF file
PACKED = {"L;2": 85, "L;4": 17}  # grey of 2 and 4 bits, which Pillow stretches to 0..255: by this factor


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
        raise Problem(f"the network reads {wanted} channels", "Image files are read as 1 (grey), 3 (RGB) or 4 (RGBA)")
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
    values, bits = np.asarray(image), 16
    if image.format == "TIFF":
        bits = int(np.max(_tiff_tag(image, BITS, 16)))
    if not (image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")):
        kind = "32-bit float" if image.mode == "F" else "32-bit or signed"
        raise Problem(f"has {kind} numbers, whose black and white are not known", "Save it with 8 or 16 bits")
    key = image.info.get("transparency")
    if key is not None and (values == key).any():
        raise Problem("has transparent pixels: their colour is not known", "Save it without transparency")
    grey = (values >> (bits - 8)).astype(np.uint8)
    if image.format == "TIFF" and _tiff_tag(image, PHOTOMETRIC, 1) == WHITE_IS_ZERO:
        grey = 255 - grey  # Pillow turns it over at 8 bits only
    return np.repeat(grey[..., None], 3, -1)


def _raw_mode(image: Image.Image) -> str:
    """How Pillow unpacks the file's samples (`L;4`); empty where it is not known."""
    tiles: Any = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _tiff_tag(image: Image.Image, tag: int, missing: int) -> Any:
    return getattr(image, "tag_v2", {}).get(tag, missing)
