"""TFRecord shards in the layout of DeepLab: read without TensorFlow, and written from a split of any data set.

A record is its length (8 bytes), a checksum (4), the data and another checksum (4). The data is a `tf.train.Example`
in protobuf's wire format; only the tags and lengths in it are read, never the pictures. Checksums are not compared:
a picture that is damaged does not decode.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from archspec.arrays import Array
from archspec.datasets._check import read_pair
from archspec.datasets._class_list import FILE, class_list, read_class_list
from archspec.datasets._contract import Dataset, Example
from archspec.datasets._files import files_in
from archspec.datasets._image_form import AS_STORED, RGB
from archspec.datasets._image_stack import ARRAY_START
from archspec.datasets._images import plain_rgb
from archspec.errors import Fault, Place, Problem, user_error
from archspec.files import exists, is_file
from archspec.graph.task import CLASSIFICATION
from archspec.record import temporary_folder, write_text

SUFFIX = ".tfrecord"
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.tfrecord")
_HEADER_BYTES, _FOOTER_BYTES = 12, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Span = tuple[int, int]
"""Where something lies in a file: its first byte, and the first after it."""

SHARDS = 10
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"
_FORMATS = {_JPEG: b"jpeg", _PNG: b"png", ARRAY_START: b"npy"}
PNG_CHANNELS = (1, 3, 4)


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


def pack(
    dataset: Dataset,
    split: str,
    folder: Path,
    shards: int = SHARDS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Path, ...]:
    """Write a split to `<folder>/<split>-%05d-of-%05d.tfrecord`, and `classes.txt`; the files that were written.

    Pictures that are plain RGB files (8 bits, no orientation) keep their bytes; others of 1, 3 or 4 channels of 8 bits,
    and grey of 16, become PNGs, and what is left arrays (`npy`), with the numbers that the files have. Each shard is
    whole or not there. Raises `UserError` for a bad example, labels that are not public, or a folder that holds other
    classes or shards.
    """
    if dataset.multi_label:
        fact = "several classes may hold at a pixel, and shards hold one class a pixel"
        raise user_error(fact, "Train from the folder itself", place=dataset.place)
    if dataset.task == CLASSIFICATION:
        fact = "its labels are one class an image, and shards hold label maps"
        raise user_error(fact, "Train on the folder itself", place=dataset.place)
    dataset = dataset.in_form(AS_STORED)
    examples = dataset.examples(split)
    hidden = [example for example in examples if example.label is None]
    if hidden:
        fact = f"the labels of the split '{split}' are not public"
        raise user_error(fact, "Choose another split", place=Place(str(hidden[0].image)))
    shards = max(1, min(shards, len(examples)))
    _prepare(dataset, split, folder, shards)
    written = []
    for number in range(shards):
        first, end = number * len(examples) // shards, (number + 1) * len(examples) // shards
        file = folder / f"{split}-{number:05d}-of-{shards:05d}{SUFFIX}"
        _write(file, (_example(dataset, example) for example in examples[first:end]))
        written.append(file)
        progress(end, len(examples))
    return tuple(written)


def _prepare(dataset: Dataset, split: str, folder: Path, shards: int) -> None:
    """The folder with its list of classes. Raises `UserError` where it holds something else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"cannot be made ({error.strerror or error})", place=Place(str(folder))) from error
    others = [path for _, count, path in shards_of(folder).get(split, []) if count != shards]
    if others:
        fact = f"'{split}' lies here in another number of shards"
        raise user_error(fact, "Remove those, or name another folder", place=Place(str(others[0])))
    file = folder / FILE
    if not exists(file):
        write_text(file, class_list(dataset.classes))
    elif read_class_list(file).names != dataset.classes.names:
        raise user_error(f"other classes than those of {dataset.name}", "Name another folder", place=Place(str(file)))


def _write(file: Path, records: Iterable[bytes]) -> None:
    """All records, under a temporary name until they are whole."""
    from archspec.lower import tf

    try:
        with temporary_folder(file) as folder:
            complete = folder / file.name
            with tf.io.TFRecordWriter(str(complete)) as writer:
                for record in records:
                    writer.write(record)
            complete.replace(file)
    except (OSError, tf.errors.OpError) as error:
        raise user_error(f"cannot be written ({error})", place=Place(str(file))) from error


def _example(dataset: Dataset, example: Example) -> bytes:
    """A serialised `tf.train.Example`. Source of the keys: DeepLab's build_data.py."""
    from archspec.lower import tf

    image, label = read_pair(dataset, example)
    if image.shape[2] == 1 and image.dtype == np.uint8:
        image = np.repeat(image, RGB, -1)  # readers of DeepLab's layout want three channels
    encoded = _as_it_is(example) if image.shape[2] == RGB and not example.more else None
    encoded = encoded or (_png(image) if _is_png(image) else _npy(image))
    text = {
        "image/encoded": encoded,
        "image/filename": example.name.encode(),
        "image/format": next(name for start, name in _FORMATS.items() if encoded.startswith(start)),
        "image/segmentation/class/encoded": _png(label),
        "image/segmentation/class/format": b"png",
    }
    numbers = {"image/height": image.shape[0], "image/width": image.shape[1], "image/channels": image.shape[2]}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for key, value in text.items()}
    features |= {key: tf.train.Feature(int64_list=tf.train.Int64List(value=[value])) for key, value in numbers.items()}
    serialised: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    return serialised


def _as_it_is(example: Example) -> bytes | None:
    """The bytes of a picture's file that every decoder reads alike; None where it is no such file."""
    if not is_file(example.image):
        return None
    with example.image.open("rb") as stream:
        if not stream.read(len(_PNG)).startswith((_JPEG, _PNG)):
            return None
        stream.seek(0)
        data = stream.read()
    return data if plain_rgb(data) else None


def _png(pixels: Array) -> bytes:
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).save(stream, "PNG")
    return stream.getvalue()


def _is_png(pixels: Array) -> bool:
    """Whether a PNG holds these channels and numbers."""
    channels = pixels.shape[2]
    return channels in PNG_CHANNELS if pixels.dtype == np.uint8 else channels == 1 and pixels.dtype == np.uint16


def _npy(pixels: Array) -> bytes:
    stream = BytesIO()
    np.save(stream, pixels, allow_pickle=False)
    return stream.getvalue()
