"""The smallest `.tflite` files, written with LiteRT's own schema."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

FLOAT32, INT32, UINT8, STRING = 0, 2, 3, 5
TWO_INPUTS = ("ADD", "MAXIMUM")


def tiny_tflite(
    operator: str = "ADD",
    *,
    shape: tuple[int, ...] = (1, 4, 4, 2),
    signature: tuple[int, ...] = (),
    dtype: int = FLOAT32,
    custom: str = "",
    times: int = 1,
) -> bytes:
    """`times` operators in a chain, each over x and x (ADD, MAXIMUM) or x alone (any other); all of the same shape."""
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    model.operatorCodes = [_code(operator, custom)]
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(name, shape, signature, dtype) for name in ("x", *("y" * times))]
    graph.inputs, graph.outputs = np.array([0], np.int32), np.array([times], np.int32)
    graph.operators = [_step(operator, tensor) for tensor in range(times)]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _step(operator: str, tensor: int) -> Any:
    step = schema.OperatorT()
    step.opcodeIndex = 0
    step.inputs = np.array([tensor] * (2 if operator in TWO_INPUTS else 1), np.int32)
    step.outputs = np.array([tensor + 1], np.int32)
    if operator == "ADD":
        step.builtinOptionsType, step.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    return step


def _code(operator: str, custom: str) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, "CUSTOM" if custom else operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1
    if custom:
        code.customCode = custom.encode()
    return code


def _tensor(name: str, shape: tuple[int, ...], signature: tuple[int, ...], dtype: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), np.array(shape, np.int32), dtype, 0
    if signature:
        tensor.shapeSignature = np.array(signature, np.int32)
    return tensor
