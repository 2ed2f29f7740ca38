"""What decides how long an operator takes: its kind, shapes, options and the few numbers that steer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archspec.graph.program import Program
from archspec.graph.tensor import Shape

COMPUTED, WEIGHTS, PLACE = "computed", "weights", "place"
"""An operand that another operator made; one of constants whose values do not matter; where a SLICE begins and ends."""


class Operand(NamedTuple):
    """An input or output: its shape with the batch in front, and `COMPUTED`, `WEIGHTS`, `PLACE` or integers.

    Integers are constants that steer the operator: a size, a permutation, paddings.
    """

    shape: Shape
    dtype: str
    content: str | tuple[int, ...] = COMPUTED


class Signature(NamedTuple):
    """Equal signatures take equally long. `options` are the schema's, in the order the layer gives them."""

    code: str
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    options: tuple[tuple[str, Any], ...]

    def to_json(self) -> list[Any]:
        """Plain lists, ready for `json.dumps`; `Signature.from_json` gives an equal signature."""
        return [self.code, [list(one) for one in self.inputs], [list(one) for one in self.outputs], dict(self.options)]

    @classmethod
    def from_json(cls, row: Any) -> Signature:
        """The signature of `to_json`. Raises `ValueError` or `TypeError` for anything else."""
        code, inputs, outputs, options = row
        if not isinstance(code, str) or not isinstance(options, Mapping):
            raise TypeError(f"not the signature of an operator ({row!r})")
        return cls(code, _operands(inputs), _operands(outputs), tuple(options.items()))


def signatures(program: Program) -> list[Signature]:
    """The signature of each operation, in execution order."""
    operands = _operands_of(program)
    options: dict[int, tuple[tuple[str, Any], ...]] = {}  # operators that are set alike share theirs
    found = []
    for operation in program.operations:
        key = id(operation.options)
        settings = options.get(key)
        if settings is None:
            settings = options[key] = tuple(operation.options.items())
        inputs = tuple([operands[index] for index in operation.inputs])
        if operation.code == "SLICE":
            inputs = _sliced(*inputs)
        outputs = tuple([operands[index] for index in operation.outputs])
        found.append(_make(Signature, (operation.code, inputs, outputs, settings)))
    return found


_make = tuple.__new__  # a named tuple's own __new__ takes three times as long, and a prediction makes 500 of them


def _operands_of(program: Program) -> list[Operand]:
    """Each tensor of a program as an operand."""
    found = []
    for tensor in program.tensors:
        constant, dtype = tensor.constant, tensor.dtype
        content: str | tuple[float, ...] = COMPUTED
        if constant is not None:
            content = constant if dtype == "int32" and isinstance(constant, tuple) else WEIGHTS
        found.append(_make(Operand, (tensor.shape, dtype, content)))
    return found


def _sliced(source: Operand, begin: Operand, size: Operand) -> tuple[Operand, ...]:
    """How much is copied matters, not from where."""
    return source, Operand(begin.shape, begin.dtype, PLACE), Operand(size.shape, size.dtype, PLACE)


def _operands(rows: Any) -> tuple[Operand, ...]:
    found = []
    for shape, dtype, content in rows:
        if not isinstance(dtype, str):
            raise TypeError(f"not an operand ({dtype!r})")
        steering = content if isinstance(content, str) else tuple(int(value) for value in content)
        found.append(Operand(tuple(int(size) for size in shape), dtype, steering))
    return tuple(found)
