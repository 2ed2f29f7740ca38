"""Image files that were cut short, told by how they end: a few bytes are read, nothing is decoded."""

from __future__ import annotations

import os
from pathlib import Path

from archspec.datasets._images import check_decodes, unreadable
from archspec.errors import Fault, Place, UserError
from archspec.files import exists, is_file

HEAD_BYTES, TAIL_BYTES = 32, 1024  # some cameras and tools append a few bytes
_BMP, _RIFF = b"BM", b"RIFF"  # both say how long they are
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def ending_faults(path: Path) -> list[Fault]:
    """What is wrong with an image file, as far as its first and last bytes tell.

    A file whose end looks wrong is decoded before it is called broken: readers forgive some of them.
    """
    if exists(path) and not is_file(path):
        return [Fault("not a file (a pipe, a device or a folder)", "Take it out", place=Place(str(path)))]
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - TAIL_BYTES))
            tail = stream.read()
    except OSError as error:
        return list(unreadable(Place(str(path)), error).faults)
    if looks_whole(head, tail, size):
        return []
    try:
        check_decodes(path)
    except UserError as error:
        return list(error.faults)
    return []


def looks_whole(head: bytes, tail: bytes, size: int) -> bool:
    """Whether a file of `size` bytes begins and ends as a PNG or a JPEG does, or is as long as a BMP or WebP says."""
    if head.startswith(_PNG):
        return _PNG_END in tail
    if head.startswith(_BMP):
        return int.from_bytes(head[2:6], "little") == size
    if head.startswith(_RIFF):
        return int.from_bytes(head[4:8], "little") + 8 == size
    return head.startswith(_JPEG) and _JPEG_END in tail
