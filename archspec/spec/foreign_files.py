"""What a file is that is no YAML text, told from its first bytes, and which commands take it."""

from __future__ import annotations

from archspec.errors import Fault, Place

HEAD_BYTES = 4096
_MOST_CONTROL = 20  # of so many characters one may be a control character: a text with a slip
_TFLITE = (
    "a .tflite model",
    "archspec latency, profile, delegates, evaluate and predict take it, these commands the spec it was made from",
)
_KERAS = ("a Keras model", "archspec evaluate, predict and explain take it, these commands a spec")
_WEIGHTS = ("a file of weights", "Name it in a spec (weights: FILE), or look into it: archspec weights show FILE")
_IMAGE = ("an image", "archspec predict and explain take it, beside a network")
_DATABASE = ("a database", "archspec ledger takes one of records, archspec search show the folder of a study")
_PACKED = ("a packed file", "Unpack it, and name the YAML file in it")
_BEGINNINGS: tuple[tuple[int, bytes, tuple[str, str]], ...] = (
    (4, b"TFL3", _TFLITE),
    (0, b"\x89HDF\r\n\x1a\n", _WEIGHTS),
    (0, b"\x93NUMPY", _WEIGHTS),
    (0, b"\x89PNG\r\n\x1a\n", _IMAGE),
    (0, b"\xff\xd8\xff", _IMAGE),
    (0, b"GIF8", _IMAGE),
    (0, b"BM", _IMAGE),
    (0, b"II*\x00", _IMAGE),
    (0, b"MM\x00*", _IMAGE),
    (8, b"WEBP", _IMAGE),
    (0, b"SQLite format 3\x00", _DATABASE),
    (0, b"\x1f\x8b", _PACKED),
    (0, b"%PDF", ("a PDF", "Name a YAML file")),
    (0, b"\xff\xfe", ("UTF-16 text", "Save the file as UTF-8")),
    (0, b"\xfe\xff", ("UTF-16 text", "Save the file as UTF-8")),
)
_IN_ZIP: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"metadata.json", _KERAS),
    (b"model.weights.h5", _KERAS),
    (b".npy", _WEIGHTS),
    (b"data.pkl", _WEIGHTS),
)


def foreign_fault(head: bytes, place: Place) -> Fault | None:
    """The fault of a file that begins with `head` and is no text; None for text."""
    found = _kind(head)
    if found is None:
        return None
    what, remedy = found
    return Fault(f"this is {what}, not a YAML file", remedy, place=place)


def _kind(head: bytes) -> tuple[str, str] | None:
    if head.startswith(b"PK\x03\x04"):
        return next((kind for part, kind in _IN_ZIP if part in head), _PACKED)
    for offset, beginning, kind in _BEGINNINGS:
        binary = beginning != b"BM" or b"\x00" in head  # a text may begin with BM too
        if binary and head[offset : offset + len(beginning)] == beginning:
            return kind
    control = sum(byte < ord(" ") and byte not in b"\t\n\r" for byte in head)
    return ("a binary file", "Name a YAML file") if control > len(head) / _MOST_CONTROL else None
