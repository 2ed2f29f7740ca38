"""The tables of the TFLite schema and of its public metadata: what each field is, in the order of the field numbers.

A digit is a number of so many bytes, `s` a string, `[4` a vector of such numbers, a name another table, `[Name` a
vector of tables, `u` a union whose kind is the field before it, `-` a field that is not used any more.
"""

from __future__ import annotations

from typing import NamedTuple

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
