"""ReLU with a fixed slope below zero: (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class LeakyReLU(Layer):
    """Keras `LeakyReLU`; the same function as a `ReLU` with a `negative_slope`."""

    __slots__ = ()

    def __init__(self, negative_slope: float = 0.3, name: str | None = None) -> None:
        super().__init__({"negative_slope": float(negative_slope)}, name)

    def other_operations(self, node: Node) -> dict[str, int]:
        """A comparison and a multiplication an element."""
        return {"activation": 2 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """LEAKY_RELU; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        program.operate("LEAKY_RELU", [value.tensor], output, {"alpha": self.config["negative_slope"]}, node.name)
        program.set(node.output, Value(output, value.layout))
