"""The index of the largest channel: (N, H, W, C) -> (N, H, W) int32, (N, C) -> (N) int32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ArgMax(Layer):
    """Our own layer: the label map, int32; of a vector one label."""

    __slots__ = ()
    own = True
    dtype = "int32"

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(H, W)`, or nothing for a vector: one number an image."""
        shape = inputs[0].shape
        return (shape[:-1] if len(shape) == 1 else need_map(inputs[0], self)[:2],)

    def other_operations(self, node: Node) -> dict[str, int]:
        """`C - 1` comparisons a pixel."""
        return {"argmax": node.output.elements * (node.inputs[0].shape[-1] - 1)}

    def emit(self, node: Node, program: Program) -> None:
        """ARG_MAX over channels."""
        output = program.activation(node.name, node.output.shape, "int32")
        axis = program.numbers((len(node.inputs[0].shape),), shape=())
        program.operate("ARG_MAX", [program.ordered(node.inputs[0]), axis], output, {"output_type": "INT32"}, node.name)
        program.set(node.output, Value(output))
