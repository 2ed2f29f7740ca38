"""Model -> `.tflite` bytes, with the schema that the LiteRT wheel brings. The same model gives the same bytes.

Large arrays go into the buffer as blocks, aligned to 16 bytes as the schema asks. The tables are written
kind by kind, which keeps the file's size a plain sum (archspec/cost/file_size.py).
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.export.model import Model, ModelOperation, ModelTensor, Quantization
from archspec.export.operators import find_operator, minimum_runtime, version
from archspec.export.tflite_file import wrote

if TYPE_CHECKING:
    import flatbuffers

SCHEMA_VERSION = 3
IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"
ALIGNMENT = 16
BYTES_FOR_TABLES = 256  # a tensor or operator, roughly: a builder of the right size never has to grow and copy
ENUMERATIONS = {
    "fused_activation_function": "ActivationFunctionType",
    "mode": "MirrorPadMode",
    "output_type": "TensorType",
    "padding": "Padding",
}
NO_BUFFER = 0  # buffer 0 is empty by convention: that of every tensor without data


def encode(model: Model) -> bytes:
    """The file. `min_runtime_version` is added to its metadata, as TensorFlow's converter does."""
    import flatbuffers

    schema = _schema()
    operators = [(operation.code, version(model, operation)) for operation in model.operations]
    codes = {used: number for number, used in enumerate(dict.fromkeys(operators))}
    model = model.with_metadata(min_runtime_version=minimum_runtime(set(codes)).encode().ljust(16, b"\0"))

    builder = flatbuffers.Builder(_size_estimate(model))
    buffers, buffer_of, metadata = _write_buffers(builder, schema, model)
    tensors = _write_tensors(builder, schema, model, buffer_of)
    numbers = [codes[used] for used in operators]
    operations = [_write_operation(builder, schema, *pair) for pair in zip(model.operations, numbers, strict=True)]
    subgraph = _write_subgraph(builder, schema, model, _offsets(builder, tensors), _offsets(builder, operations))
    parts = {
        "Version": SCHEMA_VERSION,
        "OperatorCodes": _offsets(builder, [_write_code(builder, schema, *used) for used in codes]),
        "Subgraphs": _offsets(builder, [subgraph]),
        "Description": builder.CreateString(model.description),
        "Buffers": buffers,
        "Metadata": metadata,
        "SignatureDefs": _offsets(builder, [_write_signature(builder, schema, model)]),
    }
    builder.Finish(_table(builder, schema, "Model", parts), IDENTIFIER)
    return wrote(bytes(builder.Output()))


@cache
def _schema() -> ModuleType:
    from ai_edge_litert import schema_py_generated

    module: ModuleType = schema_py_generated
    return module


def _size_estimate(model: Model) -> int:
    data = sum(tensor.data.nbytes + ALIGNMENT for tensor in model.tensors if tensor.data is not None)
    data += sum(len(content) + ALIGNMENT for content in model.metadata.values())
    scales = sum(12 * len(tensor.quantization.scales) for tensor in model.tensors if tensor.quantization is not None)
    return data + scales + BYTES_FOR_TABLES * (len(model.tensors) + len(model.operations) + 16)


# --- buffers ---------------------------------------------------------------------------------------------
def _write_buffers(builder: flatbuffers.Builder, schema: ModuleType, model: Model) -> tuple[int, list[int], int]:
    """`(offset of the buffers, buffer number of each tensor, offset of the metadata)`."""
    contents: list[int] = []
    buffer_of: list[int] = []
    shared: dict[bytes, int] = {}
    for tensor in model.tensors:
        if tensor.data is None:
            buffer_of.append(NO_BUFFER)
            continue
        content = tensor.data.tobytes()
        key = content if tensor.data.dtype == np.int32 and tensor.quantization is None else None
        if key is not None and key in shared:  # shapes and axes; weights never: the size must not hang on their values
            buffer_of.append(shared[key])
            continue
        contents.append(_aligned_bytes(builder, content))
        buffer_of.append(len(contents))
        if key is not None:
            shared[key] = len(contents)
    first = len(contents) + 1
    contents.extend(_aligned_bytes(builder, content) for content in model.metadata.values())
    tables = [_table(builder, schema, "Buffer", {})]
    tables.extend(_table(builder, schema, "Buffer", {"Data": offset}) for offset in contents)
    buffers = _offsets(builder, tables)
    names = [builder.CreateString(name) for name in model.metadata]
    parts = [{"Name": name, "Buffer": first + index} for index, name in enumerate(names)]
    entries = [_table(builder, schema, "Metadata", part) for part in parts]
    return buffers, buffer_of, _offsets(builder, entries)


def _aligned_bytes(builder: flatbuffers.Builder, content: bytes) -> int:
    builder.StartVector(1, len(content), ALIGNMENT)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    return int(builder.EndVector())


# --- tensors ---------------------------------------------------------------------------------------------
def _write_tensors(builder: flatbuffers.Builder, schema: ModuleType, model: Model, buffer_of: list[int]) -> list[int]:
    names = [builder.CreateString(tensor.name) for tensor in model.tensors]
    shapes = {shape: _integers(builder, shape) for shape in dict.fromkeys(tensor.shape for tensor in model.tensors)}
    quantizations = [_write_quantization(builder, schema, tensor.quantization) for tensor in model.tensors]
    return [
        _table(
            builder,
            schema,
            "Tensor",
            {
                "Shape": shapes[tensor.shape],
                "Type": _type(schema, tensor),
                "Buffer": buffer_of[index],
                "Name": names[index],
                "Quantization": quantizations[index],
                "HasRank": True,
            },
        )
        for index, tensor in enumerate(model.tensors)
    ]


def _type(schema: ModuleType, tensor: ModelTensor) -> int:
    return int(getattr(schema.TensorType, tensor.dtype.upper()))


def _write_quantization(builder: flatbuffers.Builder, schema: ModuleType, quantization: Quantization | None) -> int:
    if quantization is None:
        return 0
    scales = builder.CreateNumpyVector(np.asarray(quantization.scales, np.float32))
    zero_points = builder.CreateNumpyVector(np.asarray(quantization.zero_points, np.int64))
    parts = {"Scale": scales, "ZeroPoint": zero_points, "QuantizedDimension": quantization.axis}
    return _table(builder, schema, "QuantizationParameters", parts)


# --- operators -------------------------------------------------------------------------------------------
def _write_operation(builder: flatbuffers.Builder, schema: ModuleType, operation: ModelOperation, code: int) -> int:
    inputs, outputs = _integers(builder, operation.inputs), _integers(builder, operation.outputs)
    parts = {"OpcodeIndex": code, "Inputs": inputs, "Outputs": outputs}
    kind = find_operator(operation.code).options
    if kind:
        options = getattr(schema, f"{kind}T")()
        for name, value in operation.options.items():
            setattr(options, _camel_case(name), _option(schema, name, value))
        parts["BuiltinOptionsType"] = getattr(schema.BuiltinOptions, kind)
        parts["BuiltinOptions"] = options.Pack(builder)
    return _table(builder, schema, "Operator", parts)


@cache
def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _option(schema: ModuleType, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return getattr(getattr(schema, ENUMERATIONS[name]), value)


def _write_code(builder: flatbuffers.Builder, schema: ModuleType, code: str, number: int) -> int:
    builtin = getattr(schema.BuiltinOperator, code)
    parts = {"DeprecatedBuiltinCode": min(builtin, 127), "Version": number, "BuiltinCode": builtin}
    return _table(builder, schema, "OperatorCode", parts)


# --- the rest --------------------------------------------------------------------------------------------
def _write_subgraph(
    builder: flatbuffers.Builder, schema: ModuleType, model: Model, tensors: int, operators: int
) -> int:
    parts = {
        "Tensors": tensors,
        "Inputs": _integers(builder, model.inputs),
        "Outputs": _integers(builder, model.outputs),
        "Operators": operators,
        "Name": builder.CreateString("main"),
    }
    return _table(builder, schema, "SubGraph", parts)


def _write_signature(builder: flatbuffers.Builder, schema: ModuleType, model: Model) -> int:
    parts = {
        "Inputs": _write_names(builder, schema, model.input_names, model.inputs),
        "Outputs": _write_names(builder, schema, model.output_names, model.outputs),
        "SignatureKey": builder.CreateString(SIGNATURE),
        "SubgraphIndex": 0,
    }
    return _table(builder, schema, "SignatureDef", parts)


def _write_names(
    builder: flatbuffers.Builder, schema: ModuleType, names: tuple[str, ...], tensors: tuple[int, ...]
) -> int:
    strings = [builder.CreateString(name) for name in names]
    parts = [{"Name": name, "TensorIndex": index} for name, index in zip(strings, tensors, strict=True)]
    return _offsets(builder, [_table(builder, schema, "TensorMap", part) for part in parts])


def _table(builder: flatbuffers.Builder, schema: ModuleType, name: str, parts: dict[str, Any]) -> int:
    """One table; what is 0 is the schema's default, and left out."""
    start, adders, end = _writers(schema, name, tuple(parts))
    start(builder)
    for add, value in zip(adders, parts.values(), strict=True):
        if value:
            add(builder, value)
    return int(end(builder))


@cache
def _writers(schema: ModuleType, name: str, parts: tuple[str, ...]) -> tuple[Any, list[Any], Any]:
    adders = [getattr(schema, f"{name}Add{part}") for part in parts]
    return getattr(schema, f"{name}Start"), adders, getattr(schema, f"{name}End")


def _integers(builder: flatbuffers.Builder, values: tuple[int, ...]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.int32)))


def _offsets(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
