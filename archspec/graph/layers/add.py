"""The sum of maps of one shape: several (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer
from archspec.graph.layers.concatenate import need_same_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Add(Layer):
    """Keras `Add`."""

    __slots__ = ()
    multiple_inputs = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The shape of each."""
        if len(inputs) < 2:
            raise Problem("Add of one map alone", "Give it two or more")
        need_same_map(inputs, self)
        if any(tensor.shape != inputs[0].shape for tensor in inputs):
            raise Problem(f"Add of maps of different channels ({', '.join(str(tensor.shape[2]) for tensor in inputs)})")
        return (inputs[0].shape,)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an element for each further input."""
        return {"elementwise": node.output.elements * (len(node.inputs) - 1)}

    def emit(self, node: Node, program: Program) -> None:
        """ADD, one for each further input, the last with the activation fused."""
        held = program.ordered(node.inputs[0])
        tail = program.tail(node, fold_batch_norm=False)
        last = len(node.inputs) - 1
        for index in range(1, last + 1):
            other = program.ordered(node.inputs[index])
            name = tail.output.node.name if index == last else f"{node.name}.{index}"
            output = program.activation(name, node.output.shape)
            activation = tail.activation if index == last else "NONE"
            program.operate("ADD", [held, other], output, {"fused_activation_function": activation}, node.name)
            held = output
        program.set(tail.output, Value(held))
