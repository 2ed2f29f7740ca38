"""Copies of a `.tflite` with something taken out: the final ARG_MAX, or all operators but one."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from archspec.export.tflite_file import enumeration_names, is_own, object_model, operator_codes, packed, wrote


@dataclass(frozen=True, slots=True)
class Cut:
    """The copy; whether there was an ARG_MAX to take out; the shape of its input, and its type by its schema name."""

    data: bytes
    had_argmax: bool
    input_shape: tuple[int, ...]
    input_dtype: str


def cut_argmax(data: bytes) -> Cut:
    """Works on any `.tflite`, so what is compared is the very file, not another export of the same graph.

    A CAST behind the ARG_MAX goes with it, and GATHERs that repeat its labels. Raises `Problem` for bytes that are not
    a `.tflite`, and for a damaged one.
    """
    model, schema = object_model(data)
    graph = model.subgraphs[0]
    entrance = graph.tensors[graph.inputs[0]]
    input_shape = tuple(int(size) for size in entrance.shape)
    types, codes = enumeration_names(schema.TensorType), operator_codes(model)
    removed, before = 0, int(graph.outputs[0])
    operators = schema.BuiltinOperator
    for code in (operators.GATHER, operators.GATHER, operators.CAST, operators.ARG_MAX):
        last = graph.operators[-1] if graph.operators else None
        if last is not None and codes[last.opcodeIndex] == code and list(last.outputs) == list(graph.outputs):
            graph.outputs = [int(last.inputs[0])]
            graph.operators = graph.operators[:-1]
            removed = code
    if removed != operators.ARG_MAX:
        return Cut(data, False, input_shape, types[entrance.type])
    for signature in model.signatureDefs or []:
        for one in signature.outputs or []:
            if one.tensorIndex == before:
                one.name, one.tensorIndex = "logits", int(graph.outputs[0])
    cut = packed(model, len(data) + 4096)
    return Cut(wrote(cut) if is_own(data) else cut, True, input_shape, types[entrance.type])


def open_choices(data: bytes) -> bytes:
    """A copy in which what an ARG_MAX would say comes in from outside, and what it would read goes out."""
    model, schema = object_model(data)
    graph, codes = model.subgraphs[0], operator_codes(model)
    chosen = [one for one in graph.operators if codes[one.opcodeIndex] == schema.BuiltinOperator.ARG_MAX]
    graph.operators = [one for one in graph.operators if one not in chosen]
    graph.inputs = [*map(int, graph.inputs), *(int(one.outputs[0]) for one in chosen)]
    graph.outputs = [*map(int, graph.outputs), *(int(one.inputs[0]) for one in chosen)]
    model.signatureDefs = []
    return packed(model, len(data) + 4096)


class Isolation:
    """A file read once, from which operators are taken out one by one. Raises `Problem` for what is none or damaged."""

    def __init__(self, data: bytes) -> None:
        self._model, self._schema = object_model(data)
        self._own = is_own(data)
        self._graph = self._model.subgraphs[0]

    def __len__(self) -> int:
        return len(self._graph.operators)

    def alone(self, number: int) -> bytes | None:
        """Operator `number` as a file; its computed inputs come in from outside. None where nothing is computed.

        An operator of constants alone (a dequantised weight) has nothing to come in, and runs when a file is loaded.
        """
        schema, operator = self._schema, self._graph.operators[number]
        order = list(dict.fromkeys(int(index) for index in (*operator.inputs, *operator.outputs) if index >= 0))
        place = {index: position for position, index in enumerate(order)}
        computed = [int(index) for index in operator.inputs if index >= 0 and not self._numbers(int(index))]
        if not computed:
            return None
        graph = schema.SubGraphT()
        buffers, tensors = [schema.BufferT()], []
        for index in order:
            tensor, buffer = copy(self._graph.tensors[index]), 0
            if self._numbers(index):
                buffers.append(self._model.buffers[tensor.buffer])
                buffer = len(buffers) - 1
            tensor.buffer = buffer
            tensors.append(tensor)
        step = copy(operator)
        step.opcodeIndex = 0
        step.inputs = [place.get(int(index), -1) for index in operator.inputs]
        step.outputs = [place[int(index)] for index in operator.outputs]
        graph.tensors, graph.operators = tensors, [step]
        graph.inputs = [place[index] for index in dict.fromkeys(computed)]
        graph.outputs = list(step.outputs)
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = self._model.version, [graph], buffers
        model.operatorCodes = [self._model.operatorCodes[operator.opcodeIndex]]
        file = packed(model, 1024)
        return wrote(file) if self._own else file

    def _numbers(self, index: int) -> bool:
        """Whether a tensor is a constant."""
        data = self._model.buffers[self._graph.tensors[index].buffer].data
        return data is not None and len(data) > 0
