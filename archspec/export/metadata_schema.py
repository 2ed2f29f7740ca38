"""The public TFLite Metadata schema (metadata_schema.fbs 1.1.0): as much of it as we write and read.

No installed wheel brings its Python module, so the field numbers stand here; each is the place of the field
in the schema's table, counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import flatbuffers
    from flatbuffers.table import Table

IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.0.0"  # nothing newer than the first schema is used
RGB, GRAYSCALE = 1, 2
AXIS_LABELS, VALUE_LABELS, DESCRIPTIONS = 2, 3, 1
IMAGE_PROPERTIES, NORMALIZATION_OPTIONS = 2, 1  # numbers in the unions ContentProperties and ProcessUnitOptions
FIRST_FIELD = 4  # bytes of a flatbuffer vtable before its first entry


class ImageInput(NamedTuple):
    """The image tensor: its size, and `(x - mean) / std` to be done before the network."""

    name: str
    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


class MapOutput(NamedTuple):
    """An output tensor, and whether its values are labels (else its last axis is)."""

    name: str
    description: str
    values_are_labels: bool


def encode_metadata(
    name: str,
    description: str,
    image: ImageInput,
    outputs: Sequence[MapOutput],
    labels_file: str | None,
    spec_file: str | None,
) -> bytes:
    """A `ModelMetadata` flatbuffer, for the metadata buffer `TFLITE_METADATA`."""
    import flatbuffers

    builder = flatbuffers.Builder(2048)
    inputs = _tables(builder, [_image_tensor(builder, image)])
    results = _tables(builder, [_output_tensor(builder, output, labels_file) for output in outputs])
    subgraphs = _tables(builder, [_table(builder, {2: inputs, 3: results})])
    files = []
    if spec_file is not None:
        files.append(_file(builder, spec_file, "The spec of the network.", DESCRIPTIONS))
    strings = {
        slot: builder.CreateString(text) for slot, text in {0: name, 1: description, 7: MIN_PARSER_VERSION}.items()
    }
    root = _table(builder, {0: strings[0], 1: strings[1], 3: subgraphs, 6: _tables(builder, files), 7: strings[7]})
    builder.Finish(root, IDENTIFIER)
    return bytes(builder.Output())


def decode_normalisation(content: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """`(mean, std)` of the first input of a `ModelMetadata`, or None when it states none."""
    from flatbuffers import encode, packer
    from flatbuffers.table import Table

    root = Table(content, encode.Get(packer.uoffset, content, 0))
    tensors = [tensor for subgraph in _children(root, 3)[:1] for tensor in _children(subgraph, 2)[:1]]
    for unit in (unit for tensor in tensors for unit in _children(tensor, 4)):
        if _byte(unit, 0) == NORMALIZATION_OPTIONS and _place(unit, 1):
            options = _child(unit, 1)
            return _floats(options, 0), _floats(options, 1)
    return None


# --- writing ---------------------------------------------------------------------------------------------
def _image_tensor(builder: flatbuffers.Builder, image: ImageInput) -> int:
    size = _table(builder, {}, {0: image.width, 1: image.height})
    color = {1: GRAYSCALE, 3: RGB}.get(image.channels, 0)
    properties = _table(builder, {1: size}, {}, {0: color})
    content = _table(builder, {1: properties}, {}, {0: IMAGE_PROPERTIES})
    vectors = [builder.CreateNumpyVector(np.array(values, np.float32)) for values in (image.mean, image.std)]
    unit = _table(builder, {1: _table(builder, dict(enumerate(vectors)))}, {}, {0: NORMALIZATION_OPTIONS})
    limits = [builder.CreateNumpyVector(np.array([limit], np.float32)) for limit in (255, 0)]
    stats = _table(builder, dict(enumerate(limits)))
    name = builder.CreateString(image.name)
    description = builder.CreateString(
        "The image, numbers from 0 to 255; what the network needs more is done inside it."
    )
    return _table(builder, {0: name, 1: description, 3: content, 4: _tables(builder, [unit]), 5: stats})


def _output_tensor(builder: flatbuffers.Builder, output: MapOutput, labels_file: str | None) -> int:
    files = []
    if labels_file is not None:
        kind = VALUE_LABELS if output.values_are_labels else AXIS_LABELS
        files.append(_file(builder, labels_file, "One label a line, from label 0 on.", kind))
    name, description = builder.CreateString(output.name), builder.CreateString(output.description)
    return _table(builder, {0: name, 1: description, 6: _tables(builder, files)})


def _file(builder: flatbuffers.Builder, name: str, description: str, kind: int) -> int:
    offsets = {0: builder.CreateString(name), 1: builder.CreateString(description)}
    return _table(builder, offsets, {}, {2: kind})


def _table(
    builder: flatbuffers.Builder,
    offsets: dict[int, int],
    integers: dict[int, int] | None = None,
    octets: dict[int, int] | None = None,
) -> int:
    """A table of references, 32-bit integers and bytes, each by field number."""
    builder.StartObject(max([*offsets, *(integers or {}), *(octets or {})]) + 1)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, value in (integers or {}).items():
        builder.PrependUint32Slot(slot, value, 0)
    for slot, value in (octets or {}).items():
        builder.PrependUint8Slot(slot, value, 0)
    return int(builder.EndObject())


def _tables(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    """A vector of tables; none at all (0) when it would be empty."""
    if not offsets:
        return 0
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


# --- reading ---------------------------------------------------------------------------------------------
def _place(table: Table, slot: int) -> int:
    """The position of a field in the bytes, or 0 where the table leaves it out."""
    offset = int(table.Offset(FIRST_FIELD + 2 * slot))
    return offset and int(offset + table.Pos)


def _child(table: Table, slot: int) -> Table:
    return type(table)(table.Bytes, table.Indirect(_place(table, slot)))


def _children(table: Table, slot: int) -> list[Table]:
    if not _place(table, slot):
        return []
    offset = table.Offset(FIRST_FIELD + 2 * slot)
    first = table.Vector(offset)
    return [type(table)(table.Bytes, table.Indirect(first + 4 * index)) for index in range(table.VectorLen(offset))]


def _byte(table: Table, slot: int) -> int:
    place = _place(table, slot)
    return int(table.Bytes[place]) if place else 0


def _floats(table: Table, slot: int) -> tuple[float, ...]:
    if not _place(table, slot):
        return ()
    offset = table.Offset(FIRST_FIELD + 2 * slot)
    values = np.frombuffer(table.Bytes, "<f4", table.VectorLen(offset), table.Vector(offset))
    return tuple(float(value) for value in values)
