"""A document in a file: its text and the mapping in it; a file that is no YAML is told by what it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from archspec.errors import Fault, Place, UserError
from archspec.file_kinds import HEAD_BYTES, kind_of_head
from archspec.files import is_file, read_bytes
from archspec.spec.nodes import Table, one_line
from archspec.spec.yaml_text import MAX_BYTES, read_mapping, too_large


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
    found = kind_of_head(head)
    if found is None:
        return None
    return Fault(f"this is {found.words}, not a YAML file", found.remedy, place=place)
