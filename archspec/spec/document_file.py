"""A document in a file: its text, the mapping in it, and what a file that is no YAML is and which commands take it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from archspec.errors import Fault, Place, UserError
from archspec.files import is_file, read_bytes
from archspec.spec.nodes import Table, one_line
from archspec.spec.yaml_text import MAX_BYTES, read_mapping, too_large

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


def shown_path(path: Path) -> str:
    """A path as a user would type it: relative when it lies below the current folder."""
    text = os.path.normpath(path)
    try:
        return text.removeprefix(os.getcwd() + os.sep)
    except OSError:  # the current folder was removed
        return text


def read_file(path: Path, faults: list[Fault]) -> Table | None:
    """The mapping in a file. Everything wrong with the text goes to `faults`; None when nothing can be used."""
    text = decode_file(path, faults)
    return None if text is None else read_mapping(text, shown_path(path), faults)


def decode_file(path: Path, faults: list[Fault]) -> str | None:
    """The text of a file; None after a fault."""
    file = shown_path(path)
    start = Place(file, 1, 1)
    try:
        if is_file(path) and (size := os.stat(path).st_size) > MAX_BYTES:
            faults.append(_foreign_fault(_head(path), start) or too_large(size, start))
            return None
        data = read_bytes(path, most_bytes=MAX_BYTES, remedy="Name a readable file")
    except UserError as error:
        faults.extend(replace(fault, place=Place(file)) for fault in error.faults)
        return None
    foreign = _foreign_fault(data[:HEAD_BYTES], start)
    if foreign is not None:
        faults.append(foreign)
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        faults.append(Fault(f"not UTF-8 text (byte 0x{data[error.start]:02x})", "Save the file as UTF-8", place=place))
        return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def place_of(source: str | Path) -> Place:
    """Where faults of a document stand that is not there: what was written, shortened."""
    return Place(one_line(str(source), 200))


def _foreign_fault(head: bytes, place: Place) -> Fault | None:
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
