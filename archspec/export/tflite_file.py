"""The bytes of a `.tflite`: checked before anything reads them, known as our own or foreign, and read by the schema.

A file that lies whole in its bytes must also be one: numbers of tensors, buffers and operators that exist, shapes of a
sane size, buffers as long as their tensors, every tensor made before it is read. A file that this process wrote is
sound, and its interpreter may run in this process; any other may be damaged or hostile, and runs in a process of its
own. Bytes are known by their digest, so each file is checked once, wherever its bytes are handed on.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

from archspec.errors import Problem
from archspec.export.flatbuffer_walk import FlatbufferWalk, Table, damaged

BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16, 17: 4,
        18: 16, 19: 2, 20: 4, 21: 8, 22: 8}  # fmt: skip  # of one number, by the schema's TensorType
TYPES = 23
MOST_BYTES = 2**32  # of one tensor
MOST_DIMENSIONS = 16
OPEN = -1
CUSTOM, HASHTABLE, VAR_HANDLE, ASSIGN_VARIABLE = 32, 136, 142, 144
CONTROL = {31, CUSTOM, 118, 119, 129, 137, 138}  # CALL, IF, WHILE, CALL_ONCE …: any number goes in and comes out
FIRST_STABLEHLO = 162
LEAST_INPUTS = {3: 2, 4: 2, 9: 2, 67: 3}  # CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, TRANSPOSE_CONV
FILTER = 1  # which of their inputs it is
FILTER_RANK = {3: 4, 4: 4, 67: 4}


class _Tensor(NamedTuple):
    constant: bool
    variable: bool
    shape: tuple[int, ...]


class Soundness:
    """Checks of what a walked file says. Raises `Problem` with the first fault."""

    def __init__(self, walk: FlatbufferWalk, model: Table, size: int) -> None:
        self._walk, self._model, self._file_size = walk, model, size
        self._buffers = [self._buffer_length(one) for one in walk.children(model, 4, "Buffer")]
        self._codes = [self._code(one) for one in walk.children(model, 1, "OperatorCode")]

    def check(self) -> None:
        walk = self._walk
        graphs = walk.children(self._model, 2, "SubGraph")
        if not graphs:
            raise damaged("it holds no network")
        counts = [self._graph(graph, number) for number, graph in enumerate(graphs)]
        for entry in walk.children(self._model, 6, "Metadata"):
            self._in_range(walk.number(entry, 1, "I"), len(self._buffers), "its metadata are in buffer")
        for signature in walk.children(self._model, 7, "SignatureDef"):
            graph_number = walk.number(signature, 4, "I")
            self._in_range(graph_number, len(graphs), "a signature is of network")
            for field in (0, 1):
                for one in walk.children(signature, field, "TensorMap"):
                    self._in_range(walk.number(one, 1, "I"), counts[graph_number], "a signature names tensor")

    def _buffer_length(self, buffer: Table) -> int:
        walk = self._walk
        offset, size = walk.number(buffer, 1, "Q"), walk.number(buffer, 2, "Q")
        if offset > 1:  # the numbers lie behind the flatbuffer, as in files above 2 GB
            if offset + size > self._file_size:
                raise damaged("a buffer ends outside the file")
            return size
        return walk.vector(buffer, 0)[1]

    def _code(self, code: Table) -> int:
        return max(self._walk.number(code, 0, "b"), self._walk.number(code, 3, "i"))

    def _graph(self, graph: Table, number: int) -> int:
        """The number of its tensors."""
        walk = self._walk
        tensors = [self._tensor(one, index) for index, one in enumerate(walk.children(graph, 0, "Tensor"))]
        count = len(tensors)
        inputs, outputs = walk.numbers(graph, 1, "i"), walk.numbers(graph, 2, "i")
        operators = walk.children(graph, 3, "Operator")
        if number == 0 and not (inputs and outputs and operators):
            raise damaged(f"{len(inputs)} inputs, {len(outputs)} outputs and {len(operators)} operators")
        for index in (*inputs, *outputs):
            self._in_range(index, count, "the network's inputs or outputs name tensor")
        if any(tensors[index].constant for index in inputs):
            raise damaged("an input of the network is a constant")
        made = set(inputs)
        for position, operator in enumerate(operators):
            self._operator(operator, position, tensors, made)
        for index in outputs:
            self._made(index, tensors, made, "an output of the network")
        return count

    def _tensor(self, tensor: Table, number: int) -> _Tensor:
        walk = self._walk
        shape, signature = walk.numbers(tensor, 0, "i"), walk.numbers(tensor, 7, "i")
        kind, buffer = walk.number(tensor, 1, "b"), walk.number(tensor, 2, "I")
        where = f"tensor {number} ('{walk.text(tensor, 3)[:60]}')"
        if signature and len(signature) != len(shape):
            raise damaged(f"{where} has {len(shape)} dimensions and a signature of {len(signature)}")
        if len(shape) > MOST_DIMENSIONS or min((*shape, *signature), default=0) < OPEN:
            raise damaged(f"{where} has the shape {list(shape)[:MOST_DIMENSIONS]}")
        if not 0 <= kind < TYPES:
            raise damaged(f"{where} is of an unknown type ({kind})")
        self._in_range(buffer, len(self._buffers), f"{where} is in buffer")
        elements = prod(max(1, size) if size == OPEN else size for size in shape)
        if elements * BITS.get(kind, 8) > 8 * MOST_BYTES:
            raise damaged(f"{where} would take {elements * BITS.get(kind, 8) // 8:,} bytes ({list(shape)})")
        length = self._buffers[buffer]
        if length and kind in BITS and walk.child(tensor, 6, "SparsityParameters") is None and OPEN not in shape:
            wanted = -(-elements * BITS[kind] // 8)
            if length != wanted:
                raise damaged(f"{where} of shape {list(shape)} needs {wanted:,} bytes and has {length:,}")
        self._quantization(tensor, shape, where)
        variable = bool(walk.number(tensor, 5, "B"))
        return _Tensor(bool(length) or elements == 0, variable, shape)

    def _quantization(self, tensor: Table, shape: tuple[int, ...], where: str) -> None:
        walk = self._walk
        quantization = walk.child(tensor, 4, "QuantizationParameters")
        if quantization is None:
            return
        scales, zeros = walk.vector(quantization, 2)[1], walk.vector(quantization, 3)[1]
        axis = walk.number(quantization, 6, "i")
        if scales and zeros not in (0, 1, scales):
            raise damaged(f"{where} has {scales} scales and {zeros} zero points")
        if scales > 1 and not (0 <= axis < len(shape) and shape[axis] == scales):
            raise damaged(f"{where} of shape {list(shape)} has {scales} scales along axis {axis}")

    def _operator(self, operator: Table, position: int, tensors: list[_Tensor], made: set[int]) -> None:
        walk = self._walk
        opcode = walk.number(operator, 0, "I")
        where = f"operator {position}"
        self._in_range(opcode, len(self._codes), f"{where} has the code")
        code = self._codes[opcode]
        inputs, outputs = walk.numbers(operator, 1, "i"), walk.numbers(operator, 2, "i")
        for index in (*inputs, *walk.numbers(operator, 8, "i")):
            if index != OPEN:
                self._in_range(index, len(tensors), f"{where} reads tensor")
        for index in inputs:
            if index != OPEN:
                self._made(index, tensors, made, where)
        for index in outputs:
            self._in_range(index, len(tensors), f"{where} gives tensor")
            if index in made or (tensors[index].constant and tensors[index].shape and 0 not in tensors[index].shape):
                raise damaged(f"{where} gives tensor {index}, which is there already")
            made.add(index)
        self._arity(code, where, inputs, outputs, tensors)

    def _arity(
        self, code: int, where: str, inputs: tuple[int, ...], outputs: tuple[int, ...], tensors: list[_Tensor]
    ) -> None:
        if code in CONTROL or code >= FIRST_STABLEHLO:
            return
        least = LEAST_INPUTS.get(code, 0 if code in (VAR_HANDLE, HASHTABLE) else 1)
        if len(inputs) < least or OPEN in inputs[:least]:
            raise damaged(f"{where} has too few inputs ({len(inputs)})")
        if not outputs and code != ASSIGN_VARIABLE:
            raise damaged(f"{where} has no output")
        rank = FILTER_RANK.get(code)
        if rank is not None and len(tensors[inputs[FILTER]].shape) != rank:
            raise damaged(f"{where} has a filter of {len(tensors[inputs[FILTER]].shape)} dimensions, not {rank}")

    def _made(self, index: int, tensors: list[_Tensor], made: set[int], where: str) -> None:
        if index not in made and not tensors[index].constant and not tensors[index].variable:
            raise damaged(f"{where} reads tensor {index}, which nothing has made before")

    def _in_range(self, index: int, count: int, what: str) -> None:
        if not 0 <= index < count:
            raise damaged(f"{what} {index}, and there are {count}")


IDENTIFIER = b"TFL3"
SHORTEST = 16
KEPT = 4096  # digests of each kind, the latest
_own: dict[bytes, None] = {}
_checked: dict[bytes, None] = {}


def wrote(data: bytes) -> bytes:
    """The same bytes, remembered as ours."""
    _remember(_own, _digest(data))
    return data


def is_own(data: bytes) -> bool:
    """Whether this process wrote them."""
    return _digest(data) in _own


def check_file(data: bytes) -> None:
    """Raises `Problem` for bytes that are no `.tflite`, and for a damaged one; the same bytes are looked at once."""
    if len(data) < SHORTEST or data[4:8] != IDENTIFIER:
        raise Problem("not a TensorFlow Lite file", "Name a .tflite file")
    digest = _digest(data)
    if digest in _own or digest in _checked:
        return
    walk = FlatbufferWalk(data)
    Soundness(walk, walk.root("Model"), len(data)).check()
    _remember(_checked, digest)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _remember(known: dict[bytes, None], digest: bytes) -> None:
    known[digest] = None
    if len(known) > KEPT:
        del known[next(iter(known))]


def flat_model(data: bytes) -> tuple[Any, ModuleType]:
    """The file as the schema's `Model`, read where it is asked. Raises `Problem` for no `.tflite` or a damaged one."""
    schema = _schema(data)
    return schema.Model.GetRootAs(data), schema


def object_model(data: bytes) -> tuple[Any, ModuleType]:
    """The file as the schema's `ModelT`, to be changed and packed again. Raises `Problem` as `flat_model` does."""
    schema = _schema(data)
    return schema.ModelT.InitFromPackedBuf(data), schema


def _schema(data: bytes) -> ModuleType:
    from ai_edge_litert import schema_py_generated

    check_file(data)
    module: ModuleType = schema_py_generated
    return module


def packed(model: Any, most_bytes: int) -> bytes:
    """A `ModelT` as a file; `most_bytes` is about how large it gets."""
    import flatbuffers

    builder = flatbuffers.Builder(most_bytes)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def operator_codes(model: Any) -> list[int]:
    """The number of each operator code of a `ModelT`; old files have the deprecated one only."""
    return [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]


@cache
def enumeration_names(enumeration: type) -> dict[int, str]:
    """The names of one of the schema's enumerations by their numbers."""
    return {number: name for name, number in vars(enumeration).items() if not name.startswith("_")}
