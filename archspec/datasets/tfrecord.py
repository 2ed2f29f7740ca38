"""TFRecord shards in the layout of DeepLab, with a list of classes beside them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from archspec.arrays import Array
from archspec.datasets._class_list import FILE, read_class_list
from archspec.datasets._contract import IGNORE, Dataset, Example, Size
from archspec.datasets._files import HEAD_BYTES, TAIL_BYTES, looks_whole, to_classes
from archspec.datasets._image_form import RGB, ImageForm
from archspec.datasets._image_stack import ARRAY_START, read_stack, stack_channels, stack_size
from archspec.datasets._images import HEAD_BYTES as IMAGE_HEAD_BYTES
from archspec.datasets._images import read_indices
from archspec.datasets._shards import Record, missing_shards, read_shard, shards_of
from archspec.errors import Fault, Place, UserError, user_error

IMAGE, NAME = "image/encoded", "image/filename"
LABEL, LABEL_FORMAT = "image/segmentation/class/encoded", "image/segmentation/class/format"


class TfRecord(Dataset):
    """`<split>-00000-of-00010.tfrecord`, … and `classes.txt`, as `archspec data pack` writes them.

    Labels are PNGs of class numbers, 255 ignored. `Example.image` and `.label` are the shard; the name is the one in
    the record.
    """

    name = "tfrecord"
    root: Path

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self.classes = read_class_list(self.root / FILE)
        self._records: dict[tuple[Path, str], Record] = {}

    @property
    def numbers(self) -> Mapping[int, int]:
        """Each class's number is its own."""
        return {number: number for number in range(len(self.classes))} | {IGNORE: IGNORE}

    @property
    def channels(self) -> tuple[int, ...]:
        """Those of the first record, 1 too where its RGB is grey; empty where that cannot be read."""
        try:
            example = self.examples(self.splits[0])[0]
            offered = stack_channels((self._bytes(example, IMAGE),), _place(example))
            if offered != (RGB,):
                return offered
            image = read_stack((self._bytes(example, IMAGE),), ImageForm(), _place(example))
            return (RGB,) if (image != image[..., :1]).any() else (1, RGB)
        except (UserError, IndexError):
            return ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Those that have shards."""
        return tuple(sorted(shards_of(self.root), key=lambda name: (name not in ("train", "val"), name)))

    def find(self, split: str) -> tuple[list[Example], list[Fault]]:
        """Every record of every shard."""
        shards = shards_of(self.root)[split]
        faults = missing_shards(split, shards)
        found: dict[str, Example] = {}
        for _, _, shard in shards:
            try:
                records = read_shard(shard)
            except UserError as error:
                faults += error.faults
                continue
            for place, record in enumerate(records, 1):
                faults += self._add(found, record, place)
        return list(found.values()), faults

    def _add(self, found: dict[str, Example], record: Record, place: int) -> list[Fault]:
        """One more example, or what is wrong with its record."""
        where = Place(str(record.shard))
        lacking = [key for key in (IMAGE, NAME, LABEL) if key not in record.spans]
        if lacking:
            return [Fault(f"record {place} has no {' and no '.join(lacking)}", "Pack it again", place=where)]
        name = record.read(NAME).decode("utf-8", "replace")
        form = record.read(LABEL_FORMAT) if LABEL_FORMAT in record.spans else b"png"
        if form != b"png":
            fact = f"record {place} ({name}) has a label of format {form.decode('utf-8', 'replace')!r}"
            return [Fault(fact, "Only png is read", place=where)]
        if name in found:
            return [Fault(f"record {place} has the name of another ({name})", "Leave one of them", place=where)]
        found[name] = Example(name, record.shard, record.shard)
        self._records[record.shard, name] = record
        return []

    def _record(self, example: Example) -> Record:
        return self._records[example.image, example.name]

    def _bytes(self, example: Example, key: str, most: int | None = None) -> bytes:
        """The bytes of a field, or the first of them."""
        record = self._record(example)
        first, end = record.spans[key]
        try:
            return record.read_span((first, end if most is None else min(end, first + most)))
        except OSError as error:
            fact = f"cannot be read ({error.strerror or error})"
            raise user_error(fact, place=Place(str(example.image))) from error

    def read_image(self, example: Example) -> Array:
        """The image `(H, W, channels)` in its form. Raises `UserError` with the shard's and the record's name."""
        return read_stack((self._bytes(example, IMAGE),), self.form, _place(example))

    def read_label(self, example: Example) -> Array:
        """The class of each pixel `(H, W)`, uint8. Raises `UserError` with the shard's and the record's name."""
        values = read_indices(self._bytes(example, LABEL), _place(example))
        return to_classes(values, self.numbers, _place(example))

    def image_size(self, example: Example) -> Size:
        """From the picture's header: what the record says may be the size before turning. Raises `UserError`."""
        place = _place(example)
        try:
            return stack_size(self._bytes(example, IMAGE, IMAGE_HEAD_BYTES), place)
        except UserError:
            return stack_size(self._bytes(example, IMAGE), place)

    def label_size(self, example: Example) -> Size:
        """From the PNG's header. Raises `UserError`."""
        head = self._bytes(example, LABEL, HEAD_BYTES)
        if len(head) < 24:
            raise user_error("a label that is no PNG", "Pack it again", place=_place(example))
        width, height = struct.unpack(">II", head[16:24])
        return height, width

    def label_place(self, example: Example) -> Place:
        return _place(example)

    def file_faults(self, example: Example) -> list[Fault]:
        """Pictures that do not end as they should, and do not decode."""
        record = self._record(example)
        found: list[Fault] = []
        for key, read in ((IMAGE, self.read_image), (LABEL, self.read_label)):
            first, end = record.spans[key]
            head = record.read_span((first, min(end, first + HEAD_BYTES)))
            tail = record.read_span((max(first, end - TAIL_BYTES), end))
            if not head.startswith(ARRAY_START) and looks_whole(head, tail, end - first):
                continue
            try:
                read(example)
            except UserError as error:
                found += error.faults
        return found


def _place(example: Example) -> Place:
    return Place(f"{example.image} ({example.name})")
