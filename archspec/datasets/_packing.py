"""A split of any data set as TFRecord shards in the layout of DeepLab."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from archspec.datasets._check import read_pair
from archspec.datasets._class_list import FILE, class_list, read_class_list
from archspec.datasets._contract import Dataset, Example
from archspec.datasets._images import plain_rgb
from archspec.datasets._record_files import SUFFIX, shards_of
from archspec.errors import Place, user_error
from archspec.files import exists, is_file
from archspec.record import temporary_folder, write_text
from archspec.reporters import Column, Table

Array = np.ndarray[Any, Any]

SHARDS = 10
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"


def pack(
    dataset: Dataset,
    split: str,
    folder: Path,
    shards: int = SHARDS,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Path, ...]:
    """Write a split to `<folder>/<split>-%05d-of-%05d.tfrecord`, and `classes.txt`; the files that were written.

    Pictures that are plain RGB files (8 bits, no orientation) keep their bytes; others become PNGs. Each shard is whole
    or not there. Raises `UserError` for a bad example, labels that are not public, or a folder that holds other classes
    or shards.
    """
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
        watch(end, len(examples))
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
    from archspec.lower.framework import tf

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
    from archspec.lower.framework import tf

    image, label = read_pair(dataset, example)
    encoded = _as_it_is(example) or _png(image)
    text = {
        "image/encoded": encoded,
        "image/filename": example.name.encode(),
        "image/format": b"jpeg" if encoded.startswith(_JPEG) else b"png",
        "image/segmentation/class/encoded": _png(label),
        "image/segmentation/class/format": b"png",
    }
    numbers = {"image/height": image.shape[0], "image/width": image.shape[1], "image/channels": 3}
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
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def packed_table(reference: str, folder: Path, written: Mapping[str, Sequence[Path]]) -> Table:
    """The files that were written."""
    columns = (Column("split", "split"), Column("file", "file"), Column("bytes", "bytes", kind="integer"))
    rows = tuple((split, str(file), file.stat().st_size) for split, files in written.items() for file in files)
    return Table(reference, columns, rows, (f"read them as tfrecord:{folder}",))
