"""The mean of several maps at each place, an axis of 1 standing for every place: several (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layers.elementwise import Elementwise
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Average(Elementwise):
    """Keras `Average`."""

    __slots__ = ()
    tflite_code = "ADD"
    one_stride = True

    def other_operations(self, node: Node) -> dict[str, int]:
        """A sum, and one division an element."""
        return {"elementwise": node.output.elements * len(node.inputs)}

    def emit(self, node: Node, program: Program) -> None:
        """ADD for each further input, and a MUL by the inverse of their number, with the activation fused."""
        total = self.combined(node, program, f"{node.name}.sum", {"fused_activation_function": "NONE"})
        tail = program.tail(node, fold_batch_norm=False)
        share = program.numbers((1 / len(node.inputs),), "float32", shape=())
        output = program.activation(tail.output.node.name, node.output.shape)
        program.operate("MUL", [total, share], output, {"fused_activation_function": tail.activation}, node.name)
        program.set(tail.output, Value(output))
