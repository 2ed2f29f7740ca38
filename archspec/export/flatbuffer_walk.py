"""Whether every table, vector and string of a flatbuffer lies inside its bytes, by the layouts of the tables.

The layouts (TFLite schema and public metadata schema) give each field's kind in the order of the field numbers: a digit
is a number of so many bytes, `s` a string, `[4` a vector of such numbers, a name another table, `[Name` a vector of
tables, `u` a union whose kind is the field before it, `-` a field that is not used any more.

The generated readers believe every offset; after this walk they can. A vtable is looked at once, however many tables
share it, so a file of 600 tensors takes a few milliseconds.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from archspec.errors import Problem

_TABLES = """
Model: 4 [OperatorCode [SubGraph s [Buffer [4 [Metadata [SignatureDef [ExternalBufferGroup [ExternalBuffer
OperatorCode: 1 s 4 4
SubGraph: [Tensor [4 [4 [Operator s 4
Tensor: [4 1 4 s QuantizationParameters 1 SparsityParameters [4 1 [VariantSubType 4
QuantizationParameters: [4 [4 [4 [8 1 u 4
CustomQuantization: [1
BlockwiseQuantization, MultiAxisQuantization: 4 4 4 [4
SparsityParameters: [4 [4 [DimensionMetadata
DimensionMetadata: 1 4 1 u 1 u
Int32Vector: [4
Uint16Vector: [2
Uint8Vector: [1
VariantSubType: [4 1 1
Operator: 4 [4 [4 1 u [1 1 [1 [4 8 8 1 u 4
Buffer: [1 8 8
Metadata, TensorMap: s 4
SignatureDef: [TensorMap [TensorMap s - 4
ExternalBufferGroup: s
ExternalBuffer: 4 4 8 - s
"""
_OPTIONS = """
Conv2DOptions: 1 4 4 1 4 4 1
DepthwiseConv2DOptions: 1 4 4 4 1 4 4
ConcatEmbeddingsOptions: 4 [4 [4
LSHProjectionOptions, MulOptions, L2NormOptions, DivOptions, EmbeddingLookupSparseOptions, ReducerOptions: 1
Pool2DOptions: 1 4 4 4 4 1
SVDFOptions: 4 1 1
RNNOptions, AddOptions, SubOptions, CastOptions, ResizeNearestNeighborOptions, CumsumOptions: 1 1
FullyConnectedOptions: 1 1 1 1 1 [1
SoftmaxOptions, CallOptions, SpaceToDepthOptions, DepthToSpaceOptions, SplitOptions, SplitVOptions: 4
ConcatenationOptions: 4 1
LocalResponseNormalizationOptions: 4 4 4 4
LSTMOptions: 1 4 4 1 1
ResizeBilinearOptions: 4 4 1 1
ReshapeOptions, SqueezeOptions, BucketizeOptions, StablehloCaseOptions: [4
SkipGramOptions: 4 4 1
GatherOptions, PackOptions, UnpackOptions, ReverseSequenceOptions, IfOptions, WhileOptions: 4 4
SequenceRNNOptions, BatchMatMulOptions: 1 1 1
StridedSliceOptions: 4 4 4 4 4 1
ArgMaxOptions, ArgMinOptions, SparseToDenseOptions, ShapeOptions, MirrorPadOptions, UniqueOptions, GeluOptions: 1
TransposeConvOptions: 1 4 4 1 1
FakeQuantOptions: 4 4 4 1
OneHotOptions, LeakyReluOptions, CallOnceOptions, ReduceWindowOptions: 4
BidirectionalSequenceLSTMOptions, UnidirectionalSequenceLSTMOptions: 1 4 4 1 1 1
BidirectionalSequenceRNNOptions: 1 1 1 1
Conv3DOptions: 1 4 4 4 1 4 4 4
HashtableOptions: 4 1 1
VarHandleOptions: s s
RandomOptions: 8 8
StablehloConcatenateOptions, StablehloIotaOptions: 8
StablehloBroadcastInDimOptions, StablehloDynamicSliceOptions, StablehloTransposeOptions: [8
StablehloSliceOptions, StablehloPadOptions: [8 [8 [8
StablehloConvolutionOptions: [8 [8 [8 [8 [1 8 8 [8 8 8 [8 8 8 [8 8 8 [4
StablehloCustomCallOptions: s 1 s 4 [4 [1
StablehloReduceOptions: [8 4
StablehloScatterOptions: 1 [8 [8 [8 8 1 4
StablehloCompareOptions, StablehloWhileOptions: 4 4
StablehloDotGeneralOptions: [8 [8 [8 [8 [4
StablehloReduceWindowOptions: [8 [8 [8 [8 [8 4
StablehloSortOptions: 8 1 4
StablehloGatherOptions: [8 [8 [8 8 [8 1
StablehloRngBitGeneratorOptions: 1
StableHLOCompositeOptions: s 4 [1 1 4
"""
_METADATA = """
ModelMetadata: s s s [SubGraphMetadata s s [AssociatedFile s
SubGraphMetadata: s s [TensorMetadata [TensorMetadata [AssociatedFile
TensorMetadata: s s - Content [ProcessUnit Stats [AssociatedFile
Content: 1 u ValueRange
ValueRange: 4 4
ProcessUnit: 1 u
NormalizationOptions, Stats: [4 [4
AssociatedFile: s s 1 s s
"""
BUILTIN_OPTIONS = (
    "", "Conv2DOptions", "DepthwiseConv2DOptions", "ConcatEmbeddingsOptions", "LSHProjectionOptions", "Pool2DOptions",
    "SVDFOptions", "RNNOptions", "FullyConnectedOptions", "SoftmaxOptions", "ConcatenationOptions", "AddOptions",
    "L2NormOptions", "LocalResponseNormalizationOptions", "LSTMOptions", "ResizeBilinearOptions", "CallOptions",
    "ReshapeOptions", "SkipGramOptions", "SpaceToDepthOptions", "EmbeddingLookupSparseOptions", "MulOptions", "",
    "GatherOptions", "", "", "", "ReducerOptions", "SubOptions", "DivOptions", "SqueezeOptions", "SequenceRNNOptions",
    "StridedSliceOptions", "", "", "SplitOptions", "", "CastOptions", "", "", "ArgMaxOptions", "", "", "", "", "", "",
    "", "", "TransposeConvOptions", "SparseToDenseOptions", "", "", "", "", "ShapeOptions", "", "ArgMinOptions",
    "FakeQuantOptions", "PackOptions", "", "OneHotOptions", "", "", "UnpackOptions", "", "", "", "",
    "BidirectionalSequenceLSTMOptions", "BidirectionalSequenceRNNOptions", "UnidirectionalSequenceLSTMOptions", "", "",
    "ResizeNearestNeighborOptions", "LeakyReluOptions", "", "MirrorPadOptions", "", "SplitVOptions", "UniqueOptions",
    "", "", "", "", "", "", "ReverseSequenceOptions", "", "", "", "", "IfOptions", "WhileOptions",
    "DepthToSpaceOptions", "", "", "", "", "", "", "BatchMatMulOptions", "CumsumOptions", "CallOnceOptions", "", "",
    "Conv3DOptions", "HashtableOptions", "", "", "", "VarHandleOptions", "", "", "RandomOptions", "BucketizeOptions",
    "GeluOptions",
)  # fmt: skip
BUILTIN_OPTIONS_2 = (
    "", "StablehloConcatenateOptions", "StablehloBroadcastInDimOptions", "StablehloSliceOptions",
    "StablehloConvolutionOptions", "StablehloCustomCallOptions", "StablehloReduceOptions", "StablehloScatterOptions",
    "StablehloCompareOptions", "StablehloDynamicSliceOptions", "StablehloPadOptions", "StablehloIotaOptions",
    "StablehloDotGeneralOptions", "StablehloReduceWindowOptions", "StablehloSortOptions", "StablehloWhileOptions",
    "StablehloGatherOptions", "StablehloTransposeOptions", "", "StablehloRngBitGeneratorOptions",
    "ReduceWindowOptions", "StableHLOCompositeOptions", "", "StablehloCaseOptions",
)  # fmt: skip
_INDICES = ("", "Int32Vector", "Uint16Vector", "Uint8Vector")


class Layout(NamedTuple):
    """A table's fields in their order, and the kinds of its unions by field number."""

    name: str
    fields: tuple[str, ...]
    unions: dict[int, tuple[str, ...]]


_UNIONS: dict[str, dict[int, tuple[str, ...]]] = {
    "QuantizationParameters": {5: ("", "CustomQuantization", "BlockwiseQuantization", "MultiAxisQuantization")},
    "DimensionMetadata": {3: _INDICES, 5: _INDICES},
    "Operator": {4: BUILTIN_OPTIONS, 12: BUILTIN_OPTIONS_2},
    "ProcessUnit": {1: ("", "NormalizationOptions")},
}
LAYOUTS: dict[str, Layout] = {
    name: Layout(name, tuple(fields.split()), _UNIONS.get(name, {}))
    for line in (_TABLES + _OPTIONS + _METADATA).strip().splitlines()
    for names, _, fields in [line.partition(":")]
    for name in names.split(", ")
}
UNKNOWN = Layout("", (), {})


MOST_TABLES = 500_000  # tables may be shared, so a small file could have one walk for ever
REMEDY = "Was it cut short or altered? Make it again, or fetch it again"
_OFFSET = Struct("<I").unpack_from
_BACK = Struct("<i").unpack_from
_SHORT = Struct("<H").unpack_from
_HEAD = 4  # bytes of a vtable before its fields, and of an offset or a length


class _Shape(NamedTuple):
    """What a vtable says: the table's size, where each field is in it (0: left out), and those that point elsewhere."""

    size: int
    places: tuple[int, ...]
    pointers: tuple[tuple[int, int, str], ...]


class Table(NamedTuple):
    """A table that is whole: where it is, and the place of each of its fields in the bytes (0: left out)."""

    position: int
    fields: tuple[int, ...]


class FlatbufferWalk:
    """A walk through one flatbuffer. What it gives back was checked before; it raises `Problem` for what is damaged."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._size = len(data)
        self._shapes: dict[tuple[int, str], _Shape] = {}
        self._count = 0

    def root(self, name: str) -> Table:
        """The root table, after everything that it leads to was checked."""
        if self._size < 8:
            raise damaged("it ends in its header")
        return self.check(self._target(0, name), LAYOUTS[name])

    def check(self, position: int, layout: Layout) -> Table:
        """A table and all it leads to."""
        table, shape = self._table(position, layout)
        for field, place, kind in shape.pointers:
            self._pointer(position + place, field, kind, layout, table)
        return table

    def table(self, position: int, name: str) -> Table:
        return self._table(position, LAYOUTS[name])[0]

    def child(self, table: Table, field: int, name: str) -> Table | None:
        """The table that a field points to; None where it is left out."""
        place = table.fields[field]
        return self.table(place + _OFFSET(self._data, place)[0], name) if place else None

    def children(self, table: Table, field: int, name: str) -> list[Table]:
        start, length = self.vector(table, field)
        data = self._data
        places = range(start, start + 4 * length, 4)
        return [self.table(place + _OFFSET(data, place)[0], name) for place in places]

    def vector(self, table: Table, field: int) -> tuple[int, int]:
        """Where the elements of a vector (or the letters of a string) begin, and how many there are."""
        place = table.fields[field]
        if not place:
            return 0, 0
        target = place + _OFFSET(self._data, place)[0]
        return target + _HEAD, int(_OFFSET(self._data, target)[0])

    def numbers(self, table: Table, field: int, letter: str) -> tuple[Any, ...]:
        """The numbers of a vector, by their letter in `struct`."""
        start, length = self.vector(table, field)
        return Struct(f"<{length}{letter}").unpack_from(self._data, start) if length else ()

    def number(self, table: Table, field: int, letter: str, default: int = 0) -> int:
        """A number, or its default where it is left out."""
        place = table.fields[field]
        return int(Struct(f"<{letter}").unpack_from(self._data, place)[0]) if place else default

    def text(self, table: Table, field: int) -> str:
        """A string to be shown; what is no UTF-8 or cannot be printed is replaced."""
        start, length = self.vector(table, field)
        found = bytes(self._data[start : start + length]).decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in found)

    def _table(self, position: int, layout: Layout) -> tuple[Table, _Shape]:
        if not 0 <= position <= self._size - _HEAD:
            raise damaged(f"{_named(layout)} lies outside the file")
        vtable = position - _BACK(self._data, position)[0]
        shape = self._shapes.get((vtable, layout.name))
        if shape is None:
            shape = self._shapes[vtable, layout.name] = self._shape(vtable, layout)
        if position + shape.size > self._size:
            raise damaged(f"{_named(layout)} ends outside the file")
        return Table(position, tuple([place and position + place for place in shape.places])), shape

    def _shape(self, vtable: int, layout: Layout) -> _Shape:
        if not 0 <= vtable <= self._size - _HEAD:
            raise damaged(f"the fields of {_named(layout)} lie outside the file")
        length, size = _SHORT(self._data, vtable)[0], _SHORT(self._data, vtable + 2)[0]
        if length < _HEAD or length % 2 or vtable + length > self._size or size < _HEAD:
            raise damaged(f"the fields of {_named(layout)} make no sense")
        places = [_SHORT(self._data, vtable + at)[0] for at in range(_HEAD, length, 2)]
        kinds = (*layout.fields, *["-"] * (len(places) - len(layout.fields)))
        for place, kind in zip(places, kinds, strict=False):
            if place and not _HEAD <= place <= size - _width(kind):
                raise damaged(f"a field of {_named(layout)} lies outside it")
        places += [0] * (len(layout.fields) - len(places))
        pointers = [(field, place, kind) for field, (place, kind) in enumerate(zip(places, kinds, strict=False))
                    if place and not kind.isdigit() and kind != "-"]  # fmt: skip
        return _Shape(size, tuple(places), tuple(pointers))

    def _pointer(self, place: int, field: int, kind: str, layout: Layout, table: Table) -> None:
        target = self._target(place, layout.name)
        if kind == "u":
            kinds = layout.unions.get(field, ())
            which = self.number(table, field - 1, "B")
            name = kinds[which] if which < len(kinds) else ""
            self._enter(target, LAYOUTS[name] if name else UNKNOWN)
        elif kind[0] == "[" and not kind[1:].isdigit():
            start = self._elements(target, 4, layout.name)
            inner = LAYOUTS[kind[1:]]
            for element in range(*start, 4):
                self._enter(self._target(element, inner.name), inner)
        elif kind[0] == "[" or kind == "s":
            self._elements(target, 1 if kind == "s" else int(kind[1:]), layout.name)
        else:
            self._enter(target, LAYOUTS[kind])

    def _enter(self, target: int, layout: Layout) -> None:
        self._count += 1
        if self._count > MOST_TABLES:
            raise damaged(f"more than {MOST_TABLES:,} tables")
        self.check(target, layout)

    def _target(self, place: int, owner: str) -> int:
        offset = _OFFSET(self._data, place)[0]
        if offset < _HEAD or place + offset > self._size - _HEAD:
            raise damaged(f"{_named(LAYOUTS[owner]) if owner else 'an option'} points outside the file")
        return int(place + offset)

    def _elements(self, target: int, width: int, owner: str) -> tuple[int, int]:
        """Where a vector's elements begin and end."""
        length = _OFFSET(self._data, target)[0]
        end = target + _HEAD + width * length
        if end > self._size:
            raise damaged(f"a list of {_named(LAYOUTS[owner])} ends outside the file")
        return target + _HEAD, end


def damaged(fact: str) -> Problem:
    """What is said of a damaged file."""
    return Problem(f"a damaged .tflite file: {fact}", REMEDY)


def _width(kind: str) -> int:
    if kind == "-":
        return 1
    return int(kind) if kind.isdigit() else _HEAD


def _named(layout: Layout) -> str:
    return f"its {layout.name or 'options of an operator'}"
