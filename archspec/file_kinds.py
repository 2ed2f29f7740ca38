"""What a file is, by its first bytes: a `.tflite`, a Keras model, weights, an image, … whatever its name says.

The one place where that is told. A text (a spec, a recipe) has no kind.
"""

from __future__ import annotations

import os
from typing import NamedTuple

HEAD_BYTES = 4096
_MOST_CONTROL = 20  # of so many characters one may be a control character: a text with a slip


class FileKind(NamedTuple):
    """`name` is for programs; `words` say what it is, and `remedy` which commands take it where a spec was wanted."""

    name: str
    words: str
    remedy: str


TFLITE = FileKind(
    "tflite", "a .tflite model",
    "archspec latency, profile, delegates, cost, diff, compare, evaluate and predict take it, these commands the spec "
    "it was made from",
)  # fmt: skip
KERAS = FileKind(
    "keras", "a Keras model",
    "archspec cost, check, build, export, latency, profile, delegates, diff, compare, show, evaluate, predict and "
    "explain take it",
)  # fmt: skip
WEIGHTS = FileKind(
    "weights", "a file of weights", "Name it in a spec (weights: FILE), or look into it: archspec weights show FILE"
)
IMAGE = FileKind("image", "an image", "archspec predict and explain take it, beside a network")
DATABASE = FileKind(
    "database", "a database", "archspec ledger takes one of records, archspec search show the folder of a study"
)
PACKED = FileKind("packed", "a packed file", "Unpack it, and name the YAML file in it")
PDF = FileKind("pdf", "a PDF", "Name a YAML file")
UTF16 = FileKind("utf16", "UTF-16 text", "Save the file as UTF-8")
BINARY = FileKind("binary", "a binary file", "Name a YAML file")
_BEGINNINGS: tuple[tuple[int, bytes, FileKind], ...] = (
    (4, b"TFL3", TFLITE),
    (0, b"\x89HDF\r\n\x1a\n", WEIGHTS),
    (0, b"\x93NUMPY", WEIGHTS),
    (0, b"\x89PNG\r\n\x1a\n", IMAGE),
    (0, b"\xff\xd8\xff", IMAGE),
    (0, b"GIF8", IMAGE),
    (0, b"BM", IMAGE),
    (0, b"II*\x00", IMAGE),
    (0, b"MM\x00*", IMAGE),
    (8, b"WEBP", IMAGE),
    (0, b"SQLite format 3\x00", DATABASE),
    (0, b"\x1f\x8b", PACKED),
    (0, b"%PDF", PDF),
    (0, b"\xff\xfe", UTF16),
    (0, b"\xfe\xff", UTF16),
)
_ZIP = b"PK\x03\x04"
_IN_ZIP: tuple[tuple[bytes, FileKind], ...] = (
    (b"metadata.json", KERAS),
    (b"model.weights.h5", KERAS),
    (b".npy", WEIGHTS),
    (b"data.pkl", WEIGHTS),
)


def kind_of_head(head: bytes) -> FileKind | None:
    """What begins with these bytes (the first `HEAD_BYTES`, or all there are); None for text."""
    if head.startswith(_ZIP):
        return next((kind for part, kind in _IN_ZIP if part in head), PACKED)
    for offset, beginning, kind in _BEGINNINGS:
        binary = beginning != b"BM" or b"\x00" in head  # a text may begin with BM too
        if binary and head[offset : offset + len(beginning)] == beginning:
            return kind
    control = sum(byte < ord(" ") and byte not in b"\t\n\r" for byte in head)
    return BINARY if control > len(head) / _MOST_CONTROL else None


def kind_of_file(path: str | os.PathLike[str]) -> FileKind | None:
    """What a regular file is; None for text, for what is no file, and for what cannot be read."""
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - pathlib's raises for a name that is too long
            return None
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return kind_of_head(file.read(HEAD_BYTES))
    except (OSError, ValueError):
        return None
