"""Operators that stay float32 in an int8 model: a QUANTIZE or DEQUANTIZE wherever numbers pass between the two kinds.

A layer says so of an operator (`keep_float`) where the runtime has no kernel for integers, or where integers would lose
what the operator is for: a variance, a quotient, the logarithm of a softplus.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, TypeVar

from archspec.export.model import Model, ModelOperation

T = TypeVar("T")


def with_islands(model: Model, ranges: dict[int, T]) -> tuple[Model, dict[int, T]]:
    """The model with passages between int8 and float32, and the ranges of what becomes int8.

    The operators that are added are marked as float too: they have one side of each kind, and no constants.
    """
    if not any(operation.keeps_float for operation in model.operations):
        return model, ranges
    bridge = _Bridge(model, ranges)
    for operation in model.operations:
        bridge.take(operation)
    return bridge.model, {index: one for index, one in bridge.ranges.items() if index not in bridge.floats}


class _Bridge(Generic[T]):
    """Goes through a model's operators in order, and gives each what it reads in its own kind."""

    def __init__(self, model: Model, ranges: dict[int, T]) -> None:
        self._model = model
        self._tensors = list(model.tensors)
        self._operations: list[ModelOperation] = []
        self._other: dict[int, int] = {}  # the same numbers in the other kind
        self._whole = {index for one in model.operations if not one.keeps_float for index in one.inputs}
        self.ranges = dict(ranges)
        self.floats: set[int] = set()  # computed tensors that stay float32

    def take(self, operation: ModelOperation) -> None:
        """Append one operator, with the passages that it needs before it."""
        inputs = tuple(self._read(index, operation.keeps_float) for index in operation.inputs)
        self._operations.append(replace(operation, inputs=inputs))
        if operation.keeps_float:
            self.floats.update(operation.outputs)

    @property
    def model(self) -> Model:
        """What has come of it."""
        return replace(self._model, tensors=tuple(self._tensors), operations=tuple(self._operations))

    def _read(self, index: int, as_float: bool) -> int:
        tensor = self._model.tensors[index]
        if tensor.dtype != "float32" or (tensor.data is None and (index in self.floats) == as_float):
            return index
        if tensor.data is not None and not (as_float and index in self._whole):
            return index  # a constant that only one kind reads
        if index not in self._other:
            self._other[index] = len(self._tensors)
            suffix = "float32" if as_float else "int8"
            self._tensors.append(replace(tensor, name=f"{tensor.name}.{suffix}"))
            if tensor.data is None:
                self._pass(index, as_float)
        return self._other[index]

    def _pass(self, index: int, as_float: bool) -> None:
        other = self._other[index]
        code = "DEQUANTIZE" if as_float else "QUANTIZE"
        self._operations.append(ModelOperation(code, (index,), (other,), {}, keeps_float=True))
        if as_float:
            self.floats.add(other)
        else:
            self.ranges[other] = self.ranges[index]
