"""A copy of a file that gives its logits: the final ARG_MAX taken out, all else as it was."""

from __future__ import annotations

from dataclasses import dataclass

from archspec.export.provenance import is_own, wrote
from archspec.export.schema import object_model


@dataclass(frozen=True, slots=True)
class Cut:
    """The copy; whether there was an ARG_MAX to take out; the shape of its input, and its type by its schema name."""

    data: bytes
    had_argmax: bool
    input_shape: tuple[int, ...]
    input_dtype: str


def cut_argmax(data: bytes) -> Cut:
    """Works on any `.tflite`, so what is compared is the very file, not another export of the same graph.

    A CAST behind the ARG_MAX goes with it. Raises `Problem` for bytes that are not a `.tflite`, and for a
    damaged one.
    """
    import flatbuffers

    model, schema = object_model(data)
    graph = model.subgraphs[0]
    entrance = graph.tensors[graph.inputs[0]]
    input_shape = tuple(int(size) for size in entrance.shape)
    types = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    removed, before = 0, int(graph.outputs[0])
    for code in (schema.BuiltinOperator.CAST, schema.BuiltinOperator.ARG_MAX):
        last = graph.operators[-1] if graph.operators else None
        if last is not None and codes[last.opcodeIndex] == code and list(last.outputs) == list(graph.outputs):
            graph.outputs = [int(last.inputs[0])]
            graph.operators = graph.operators[:-1]
            removed = code
    if removed != schema.BuiltinOperator.ARG_MAX:
        return Cut(data, False, input_shape, types[entrance.type])
    for signature in model.signatureDefs or []:
        for one in signature.outputs or []:
            if one.tensorIndex == before:
                one.name, one.tensorIndex = "logits", int(graph.outputs[0])
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    copy = bytes(builder.Output())
    return Cut(wrote(copy) if is_own(data) else copy, True, input_shape, types[entrance.type])
