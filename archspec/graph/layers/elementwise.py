"""What sums, products and their like share: maps of one shape, where an axis of 1 may stand for every place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archspec.errors import Problem
from archspec.graph.layer import Layer, shared_config
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program
    from archspec.graph.program.program import Options

ACTIVATED = {"ADD", "DIV", "MUL", "SUB"}  # operators that carry an activation inside


class Elementwise(Layer):
    """One number out for the numbers at one place of each input. Keras's merging layers, and `Divide`."""

    __slots__ = ()
    multiple_inputs = True
    tflite_code: ClassVar[str] = ""
    most_inputs: ClassVar[int | None] = None  # None: any number from two on
    one_stride: ClassVar[bool] = False  # refuses whole maps of different strides, whose places do not match

    def __init__(self, name: str | None = None) -> None:
        kind: type = type(self)
        super().__init__(shared_config(kind), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The inputs' shape, in each axis the largest of them. Raises `Problem` where they fit in no way."""
        kind = type(self).__name__
        if len(inputs) < 2:
            raise Problem(f"{kind} of one map alone", "Give it two or more")
        if self.most_inputs is not None and len(inputs) > self.most_inputs:
            raise Problem(f"{kind} takes two maps ({len(inputs)} given)")
        first = inputs[0]
        for tensor in inputs:
            if tensor.shape != first.shape or tensor.stride != first.stride:
                return (_joined(inputs, kind, self.one_stride),)
        return (first.shape,)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """That of the largest input."""
        first = inputs[0]
        if all(tensor.shape == first.shape for tensor in inputs):  # nearly always
            return first.stride
        return max(inputs, key=lambda tensor: tensor.elements).stride

    def other_operations(self, node: Node) -> dict[str, int]:
        """One operation an element for each further input."""
        return {"elementwise": node.output.elements * (len(node.inputs) - 1)}

    def emit(self, node: Node, program: Program) -> None:
        """One operator for each further input, the last with the activation fused where it can carry one."""
        if self.tflite_code not in ACTIVATED:
            program.set(node.output, Value(self.combined(node, program, node.name, {})))
            return
        tail = program.tail(node, fold_batch_norm=False)
        options = {"fused_activation_function": tail.activation}
        program.set(tail.output, Value(self.combined(node, program, tail.output.node.name, options)))

    def combined(self, node: Node, program: Program, name: str, options: Options) -> int:
        """The runtime tensor of that name that the operators end in; the last has these options."""
        held, shape = program.ordered(node.inputs[0]), node.inputs[0].shape
        plain = {"fused_activation_function": "NONE"} if options else options
        last = len(node.inputs) - 1
        for index in range(1, last + 1):
            other = program.ordered(node.inputs[index])
            shape = _broadcast(shape, node.inputs[index].shape) or shape
            output = program.activation(name if index == last else f"{node.name}.{index}", shape)
            settings = options if index == last else plain
            program.operate(self.tflite_code, [held, other], output, settings, node.name)
            held = output
        return held


def _joined(inputs: tuple[Tensor, ...], kind: str, one_stride: bool) -> Shape:
    """The shape of inputs that are not all alike."""
    found = inputs[0].shape
    for tensor in inputs[1:]:
        both = _broadcast(found, tensor.shape)
        if both is None:
            raise _misfit(inputs, kind)
        found = both
    whole = [tensor for tensor in inputs if tensor.shape == found] if one_stride else []
    for tensor in whole[1:]:
        if tensor.stride != whole[0].stride:
            raise _differ(whole[0], tensor, kind)
    return found


def _broadcast(first: Shape, second: Shape) -> Shape | None:
    """The larger of each pair of axes; None where neither of a pair that differs is 1, or the ranks differ."""
    if len(first) != len(second):
        return None
    if any(one != other and 1 not in (one, other) for one, other in zip(first, second, strict=True)):
        return None
    return tuple(max(pair) for pair in zip(first, second, strict=True))


def _misfit(inputs: tuple[Tensor, ...], kind: str) -> Problem:
    first = inputs[0]
    other = next(tensor for tensor in inputs[1:] if _broadcast(first.shape, tensor.shape) is None)
    if first.shape[:-1] == other.shape[:-1] and first.stride == other.stride:
        channels = ", ".join(str(tensor.shape[-1]) for tensor in inputs)
        return Problem(f"{kind} of maps of different channels ({channels})")
    return _differ(first, other, kind)


def _differ(first: Tensor, other: Tensor, kind: str) -> Problem:
    return Problem(
        f"{kind} of maps that differ: {described(first)} and {described(other)}",
        "Resize one to the other's size first; an axis of 1 stands for every place",
    )


def described(tensor: Tensor) -> str:
    """A tensor's shape, stride and name, for a message."""
    return f"{list(tensor.shape)} at stride {tensor.stride} ('{tensor.node.name}')"
