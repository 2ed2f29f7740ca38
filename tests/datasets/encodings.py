"""One image in many encodings, written with Pillow, or by hand where Pillow does not write them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]

ORIENTATION = 0x0112


def encoded(pixels: Array, form: str, **how: Any) -> bytes:
    """The bytes of a file of `pixels`, as Pillow writes them."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **how)
    return stream.getvalue()


def png(samples: Array, bits: int, colour_type: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of samples `(H, W)` or `(H, W, C)`; `chunks` stand before the pixels. Source: the PNG specification."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    if bits == 16:
        packed = rows.astype(">u2").view(np.uint8).reshape(height, -1)
    elif bits == 8:
        packed = rows.astype(np.uint8)
    else:
        each = np.unpackbits(rows.astype(np.uint8)[..., None], axis=-1)[..., -bits:]
        packed = np.packbits(each.reshape(height, -1), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in packed)
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    parts = ((b"IHDR", head), *chunks, (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff_grey(samples: Array, bits: int, photometric: int = 1) -> bytes:
    """A little-endian TIFF of one strip of grey samples `(H, W)`, uint16 in 12 or 16 bits."""
    height, width = samples.shape
    if bits == 12:
        each = np.unpackbits(samples.astype(">u2")[..., None].view(np.uint8), axis=-1)[..., -12:]
        data = np.packbits(each.reshape(height, -1), axis=1).tobytes()  # rows are whole bytes
    else:
        data = samples.astype("<u2").tobytes()
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1), (278, height)]
    tags.append((279, len(data)))
    entries = b"".join(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags)
    padded = data + b"\0" * (len(data) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + struct.pack("<H", len(tags)) + entries + bytes(4)


def with_orientation(number: int) -> Image.Exif:
    """EXIF that says how a photo lies in its file."""
    exif = Image.Exif()
    exif[ORIENTATION] = number
    return exif


def write(path: Path, data: bytes) -> Path:
    """A file with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
