"""The product of maps, a 1×1 map standing for every position: (N, H, W, C) × (N, 1, 1, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Multiply(Layer):
    """Keras `Multiply` of two maps, for gates: squeeze-and-excite, guided aggregation."""

    __slots__ = ()
    multiple_inputs = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The first input's; the second is of the same shape, or 1×1."""
        if len(inputs) != 2:
            raise Problem(f"Multiply takes two maps ({len(inputs)} given)")
        shape, gate = need_map(inputs[0], self), need_map(inputs[1], self)
        if gate[2] != shape[2] or gate[:2] not in (shape[:2], (1, 1)):
            raise Problem(f"Multiply of maps that do not fit: {list(shape)} and {list(gate)}", "Put the 1×1 map second")
        return (shape,)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One multiplication an element."""
        return {"elementwise": node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """MUL with the activation fused."""
        held, gate = (program.ordered(tensor) for tensor in node.inputs)
        tail = program.tail(node, fold_batch_norm=False)
        output = program.activation(tail.output.node.name, node.output.shape)
        program.operate("MUL", [held, gate], output, {"fused_activation_function": tail.activation}, node.name)
        program.set(tail.output, Value(output))
