"""One operator of a `.tflite` as a file of its own, with the numbers it needs and nothing else."""

from __future__ import annotations

from copy import copy

from archspec.export.provenance import is_own, wrote
from archspec.export.schema import object_model


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
        import flatbuffers

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
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        file = bytes(builder.Output())
        return wrote(file) if self._own else file

    def _numbers(self, index: int) -> bool:
        """Whether a tensor is a constant."""
        data = self._model.buffers[self._graph.tensors[index].buffer].data
        return data is not None and len(data) > 0
