"""Which `.tflite` bytes were written by this process, and which were looked at before: a file is checked once.

What we wrote a moment ago is sound, and its interpreter may run in this process; what came from a file may be damaged
or hostile, and runs in a process of its own. Bytes are known by their digest, so both hold wherever they are handed on.
"""

from __future__ import annotations

from hashlib import blake2b

from archspec.errors import Problem
from archspec.export.flatbuffer_walk import FlatbufferWalk
from archspec.export.soundness import Soundness

IDENTIFIER = b"TFL3"
SHORTEST = 16
KEPT = 4096  # digests of each kind, the latest
_own: dict[bytes, None] = {}
_checked: dict[bytes, None] = {}


def wrote(data: bytes) -> bytes:
    """The same bytes, remembered as ours."""
    _remember(_own, _digest(data))
    return data


def is_own(data: bytes) -> bool:
    """Whether this process wrote them."""
    return _digest(data) in _own


def check_file(data: bytes) -> None:
    """Raises `Problem` for bytes that are no `.tflite`, and for a damaged one; the same bytes are looked at once."""
    if len(data) < SHORTEST or data[4:8] != IDENTIFIER:
        raise Problem("not a TensorFlow Lite file", "Name a .tflite file")
    digest = _digest(data)
    if digest in _own or digest in _checked:
        return
    walk = FlatbufferWalk(data)
    Soundness(walk, walk.root("Model"), len(data)).check()
    _remember(_checked, digest)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _remember(known: dict[bytes, None], digest: bytes) -> None:
    known[digest] = None
    if len(known) > KEPT:
        del known[next(iter(known))]
