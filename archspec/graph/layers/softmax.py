"""Softmax over channels: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Softmax(Layer):
    """Keras `Softmax` on the last axis."""

    __slots__ = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__({"axis": -1}, name)

    def other_operations(self, node: Node) -> dict[str, int]:
        """An exponential, an addition and a division an element."""
        return {"activation": 3 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """SOFTMAX."""
        output = program.activation(node.name, node.output.shape)
        program.operate("SOFTMAX", [program.ordered(node.inputs[0])], output, {"beta": 1.0}, node.name)
        program.set(node.output, Value(output))
