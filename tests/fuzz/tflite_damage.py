"""Small `.tflite` files of our own, and ways to damage them: bytes at random, and fields that somebody chose badly."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from archspec.catalog import Catalog
from archspec.export import export
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, parse

CLASSES = 3
SHORTEST = 16  # bytes that can still be damaged
SPEC = """
name: fuzzed
input: {{size: [16, 24], preprocess: symmetric}}
classes: {classes}
output_stride: 8
backbone:
- conv_bn: {{filters: 4, kernel: 3, stride: 2}}
- depthwise_bn: {{kernel: 3, stride: 2}}
- conv_bn: {{filters: 8, kernel: 3, stride: 2}}
head: none
decoder: bilinear
output: {output}
"""
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
SIDES = (-(2**31), -2, -1, 0, 1, 2, 3, 7, 255, 4096, 65535, 2**20, 2**31 - 1)
Mutation = Callable[[bytes, random.Random], bytes]


@cache
def seeds() -> tuple[bytes, ...]:
    """What is damaged: each precision, with labels and spec behind it, with logits, and as TensorFlow writes them."""
    found = []
    for precision in ("float32", "int8", "float16", "dynamic"):
        for output in ("argmax", "logits"):
            text = SPEC.format(classes=CLASSES, output=output)
            graph = trace(expand(parse(text, file="fuzzed.yaml", catalog=Catalog())), Catalog())
            labels = ["a", "b", "c"] if output == "argmax" else None
            made = export(graph, initialise(graph, 0, "random"), precision=precision, labels=labels, spec_text=text)
            found.append(made.data)
    return (*found, _open(found[1], (-1, 16, 24, 3)), _open(found[1], (-1, -1, -1, 3)))


def _open(data: bytes, signature: tuple[int, ...]) -> bytes:
    model = schema.ModelT.InitFromPackedBuf(data)
    for index in (model.subgraphs[0].inputs[0], model.subgraphs[0].outputs[0]):
        tensor = model.subgraphs[0].tensors[index]
        tensor.shapeSignature = np.array([*signature[:3], tensor.shape[3]], np.int32)
    return _packed(model)


def damaged(case: int, seed: int) -> tuple[str, bytes]:
    """The name of the mutation and the file of a case; the same numbers give the same file."""
    choice = random.Random(f"{seed} {case}")
    data, name = choice.choice(seeds()), choice.choice(tuple(MUTATIONS))
    for _ in range(choice.choice((1, 1, 1, 2, 4))):
        data = MUTATIONS[name](data, choice) if len(data) > SHORTEST else data
    return name, data


# --- bytes ------------------------------------------------------------------------------------------------------------
def _flipped(data: bytes, choice: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(choice.choice((1, 1, 2, 8, 64))):
        found[choice.randrange(len(found))] ^= 1 << choice.randrange(8)
    return bytes(found)


def _cut(data: bytes, choice: random.Random) -> bytes:
    return data[: choice.choice((choice.randrange(64), choice.randrange(len(data)), len(data) - choice.randrange(64)))]


def _zeroed(data: bytes, choice: random.Random) -> bytes:
    start = choice.randrange(len(data))
    count = min(choice.choice((1, 4, 16, 256)), len(data) - start)
    return data[:start] + bytes(count) + data[start + count :]


def _spliced(data: bytes, choice: random.Random) -> bytes:
    other = choice.choice(seeds())
    start, count = choice.randrange(len(data)), choice.choice((4, 16, 64, 512))
    source = choice.randrange(len(other))
    return data[:start] + other[source : source + count] + data[start + (count if choice.random() < 0.7 else 0) :]


def _overwritten(data: bytes, choice: random.Random) -> bytes:
    """An offset or a length, by an extreme or by one near it; most of them stand before the weights or behind."""
    found = bytearray(data)
    at = 4 * choice.randrange(len(found) // 4)
    before = int.from_bytes(found[at : at + 4], "little")
    value = choice.choice((*EXTREMES, before + 4, before - 4, before * 2, len(data), len(data) - at))
    found[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
    return bytes(found)


# --- fields -----------------------------------------------------------------------------------------------------------
def _changed(change: Callable[[Any, Any, random.Random], None]) -> Mutation:
    """A change of the model as the schema's objects; what cannot be packed again is left as it was."""

    def mutation(data: bytes, choice: random.Random) -> bytes:
        try:
            model = schema.ModelT.InitFromPackedBuf(data)
            change(model, model.subgraphs[0], choice)
            return _packed(model)
        except Exception:  # noqa: BLE001 (damaged before: the schema's own reader may raise anything)
            return data

    return mutation


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor_index(model: Any, graph: Any, choice: random.Random) -> None:
    owner, field = choice.choice([(one, "inputs") for one in graph.operators]
                                 + [(one, "outputs") for one in graph.operators]
                                 + [(graph, "inputs"), (graph, "outputs")])  # fmt: skip
    indices = [int(one) for one in getattr(owner, field)]
    indices[choice.randrange(len(indices))] = choice.choice((*SIDES, choice.randrange(len(graph.tensors))))
    setattr(owner, field, indices if choice.random() < 0.9 else [])


def _shape(model: Any, graph: Any, choice: random.Random) -> None:
    tensor = choice.choice(graph.tensors)
    shape = [int(side) for side in tensor.shape]
    kind = choice.randrange(4)
    if kind == 0 or not shape:
        shape.append(choice.choice(SIDES))
    elif kind == 1:
        shape.pop()
    else:
        shape[choice.randrange(len(shape))] = choice.choice(SIDES)
    tensor.shape = shape
    if choice.random() < 0.3:
        tensor.shapeSignature = [choice.choice((-1, *shape)) for _ in shape]


def _buffer(model: Any, graph: Any, choice: random.Random) -> None:
    if choice.random() < 0.5:
        choice.choice(graph.tensors).buffer = choice.choice((0, 1, len(model.buffers), 2**32 - 1,
                                                             choice.randrange(len(model.buffers))))  # fmt: skip
        return
    buffer = choice.choice([one for one in model.buffers if one.data is not None])
    buffer.data = np.resize(np.asarray(buffer.data, np.uint8), choice.choice((0, 1, 3, 64, 4096)))


def _operator(model: Any, graph: Any, choice: random.Random) -> None:
    kind = choice.randrange(3)
    if kind == 0:
        code = choice.choice(model.operatorCodes)
        code.builtinCode = choice.choice((*range(0, 210, 7), 209, 210, 2**31 - 1, -1))
        code.deprecatedBuiltinCode = max(-128, min(code.builtinCode, 127))
    elif kind == 1:
        choice.choice(graph.operators).opcodeIndex = choice.choice((0, len(model.operatorCodes), 2**32 - 1))
    else:
        model.operatorCodes[0].version = choice.choice((-1, 0, 99, 2**31 - 1))


def _option(model: Any, graph: Any, choice: random.Random) -> None:
    options = choice.choice([one.builtinOptions for one in graph.operators if one.builtinOptions is not None])
    fields = [name for name, value in vars(options).items() if isinstance(value, int) and not isinstance(value, bool)]
    if fields:
        setattr(options, choice.choice(fields), choice.choice((-128, -1, 0, 1, 2, 127)))


def _type(model: Any, graph: Any, choice: random.Random) -> None:
    choice.choice(graph.tensors).type = choice.choice((*range(23), -1, 77, 127))


def _quantisation(model: Any, graph: Any, choice: random.Random) -> None:
    tensor = choice.choice([one for one in graph.tensors if one.quantization is not None] or graph.tensors)
    found = tensor.quantization = tensor.quantization or schema.QuantizationParametersT()
    found.scale = [choice.choice((0.0, -1.0, 1.0, float("nan"), float("inf"), 1e-38, 1e38))] * choice.choice(
        (0, 1, 2, 9)
    )
    found.zeroPoint = [choice.choice((0, -1, 127, 2**63 - 1, -(2**63)))] * choice.choice((0, 1, 2, 9))
    found.quantizedDimension = choice.choice((-1, 0, 1, 3, 9, 2**31 - 1))


def _structure(model: Any, graph: Any, choice: random.Random) -> None:
    kind = choice.randrange(6)
    if kind == 0:
        graph.operators = []
    elif kind == 1:
        graph.operators = graph.operators[::-1]
    elif kind == 2:
        del graph.operators[choice.randrange(len(graph.operators))]
    elif kind == 3:
        model.subgraphs = [] if choice.random() < 0.5 else [graph, graph]
    elif kind == 4:
        graph.tensors = graph.tensors[: choice.randrange(len(graph.tensors))]
    else:
        graph.inputs, graph.outputs = graph.outputs, graph.inputs


def _metadata(model: Any, graph: Any, choice: random.Random) -> None:
    entry = choice.choice(model.metadata)
    if choice.random() < 0.3:
        entry.buffer = choice.choice((0, len(model.buffers), 2**32 - 1))
        return
    content = bytes(np.asarray(model.buffers[entry.buffer].data, np.uint8))
    other = choice.choice((b"[" * 5000, b"[]", b'{"hash": [1]}', b"\xff" * 9, _flipped(content, choice), content[:9]))
    model.buffers[entry.buffer].data = np.frombuffer(other, np.uint8)


def _zip(data: bytes, choice: random.Random) -> bytes:
    """The archive behind the file: damaged, or full of what no label file is."""
    start = data.find(b"PK\x03\x04")
    if start >= 0 and choice.random() < 0.6:
        return data[:start] + choice.choice((_flipped, _zeroed, _cut, _overwritten))(data[start:], choice)
    stream = io.BytesIO(data if start < 0 else data[:start])
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "labels.txt", choice.choice((b"\xff\xfe\0", b"\n" * 99, b"0" * (9 << 20), b"a\x1b[31m\nb\nc\n"))
        )
    return stream.getvalue()


MUTATIONS: dict[str, Mutation] = {
    "bits": _flipped, "cut": _cut, "zeroes": _zeroed, "splice": _spliced, "offset": _overwritten, "zip": _zip,
    "tensor index": _changed(_tensor_index), "shape": _changed(_shape), "buffer": _changed(_buffer),
    "operator code": _changed(_operator), "option": _changed(_option), "type": _changed(_type),
    "quantisation": _changed(_quantisation), "structure": _changed(_structure), "metadata": _changed(_metadata),
}  # fmt: skip
