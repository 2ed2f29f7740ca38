"""TFRecord shards without TensorFlow: which examples they hold, and where in the file each of their fields lies.

A record is its length (8 bytes), a checksum (4), the data and another checksum (4). The data is a `tf.train.Example`
in protobuf's wire format; only the tags and lengths in it are read, never the pictures. Checksums are not compared:
a picture that is damaged does not decode.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archspec.datasets._folders import files_in
from archspec.errors import Fault, Place, Problem, user_error
from archspec.files import exists, is_file

SUFFIX = ".tfrecord"
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.tfrecord")
_HEADER_BYTES, _FOOTER_BYTES = 12, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Span = tuple[int, int]
"""Where something lies in a file: its first byte, and the first after it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One example of a shard: the bytes fields of it by their key, as spans."""

    shard: Path
    spans: dict[str, Span]

    def read(self, key: str) -> bytes:
        """The bytes of a field. Raises `KeyError` without one, `OSError`."""
        first, end = self.spans[key]
        return self.read_span((first, end))

    def read_span(self, span: Span) -> bytes:
        """Some bytes of the shard. Raises `OSError`."""
        with self.shard.open("rb") as stream:
            stream.seek(span[0])
            return stream.read(span[1] - span[0])


def shards_of(folder: Path) -> dict[str, list[tuple[int, int, Path]]]:
    """`<split>-<number>-of-<count>.tfrecord` by split: number, count and file of each, in order. Raises `UserError`."""
    found: dict[str, list[tuple[int, int, Path]]] = {}
    for path in files_in(folder, (SUFFIX,)):
        if match := _SHARD.fullmatch(path.name):
            found.setdefault(match["split"], []).append((int(match["number"]), int(match["count"]), path))
    return found


def missing_shards(split: str, shards: list[tuple[int, int, Path]]) -> list[Fault]:
    """A fault for each shard that is not there, or one for shards of several packings."""
    counts = sorted({count for _, count, _ in shards})
    folder = shards[0][2].parent
    if len(counts) > 1:
        fact = f"shards of '{split}' from several packings (of {', '.join(map(str, counts))})"
        return [Fault(fact, "Leave those of one", place=Place(str(folder)))]
    missing = sorted(set(range(counts[0])) - {number for number, _, _ in shards})
    names = [f"{split}-{number:05d}-of-{counts[0]:05d}{SUFFIX}" for number in missing]
    return [Fault("no such shard", "Copy it too", place=Place(str(folder / name))) for name in names]


def read_shard(shard: Path) -> list[Record]:
    """Every record of a shard. Raises `UserError` where it is cut short, or holds anything else."""
    place = Place(str(shard))
    if exists(shard) and not is_file(shard):
        raise user_error("not a file (a pipe, a device or a folder)", "Take it out", place=place)
    try:
        with shard.open("rb") as stream:
            if not shard.stat().st_size:
                return []
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return [_record(shard, data, span) for span in _records(data)]
    except OSError as error:
        raise user_error(f"cannot be read ({error.strerror or error})", place=place) from error
    except Problem as problem:
        raise user_error(problem.fact, problem.remedy, place=place) from problem


def _records(data: mmap.mmap) -> Iterator[Span]:
    place = number = 0
    while place < len(data):
        number += 1
        first = place + _HEADER_BYTES
        length = struct.unpack_from("<Q", data, place)[0] if first <= len(data) else len(data)
        place = first + length + _FOOTER_BYTES
        if place > len(data):
            raise Problem(f"cut short in record {number}", "Copy the file again, or pack it again")
        yield first, first + length


def _record(shard: Path, data: mmap.mmap, span: Span) -> Record:
    spans: dict[str, Span] = {}
    for features in _fields(data, span, 1):
        for entry in _fields(data, features, 1):
            keys, values = list(_fields(data, entry, 1)), list(_fields(data, entry, 2))
            if len(keys) != 1 or len(values) != 1:
                raise Problem("a record that is no tf.train.Example", "Is it a file of segmentation examples?")
            key = data[slice(*keys[0])].decode("utf-8", "replace")
            for found in (one for some in _fields(data, values[0], 1) for one in _fields(data, some, 1)):
                spans.setdefault(key, found)
    return Record(shard, spans)


def _fields(data: mmap.mmap, span: Span, wanted: int) -> Iterator[Span]:
    """The contents of every field of that number and of the kind that has a length."""
    place, end = span
    while place < end:
        tag, place = _varint(data, place, end)
        kind = tag & 7
        if kind == _VARINT:
            _, place = _varint(data, place, end)
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            length, place = _varint(data, place, end)
            if tag >> 3 == wanted and place + length <= end:
                yield place, place + length
            place += length
        else:
            place = end + 1
    if place > end:
        raise Problem("a record that is no tf.train.Example", "Is it a file of segmentation examples?")


def _varint(data: mmap.mmap, place: int, end: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place after it."""
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise Problem("a record that is no tf.train.Example", "Is it a file of segmentation examples?")
