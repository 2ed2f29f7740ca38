"""All numbers of an image in one row, in their order: (N, ...) -> (N, numbers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.layers.reshape import emit_reshape
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Flatten(Layer):
    """Keras `Flatten`."""

    __slots__ = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """One axis."""
        return ((inputs[0].elements,),)

    def emit(self, node: Node, program: Program) -> None:
        """RESHAPE, or nothing where there is one axis already."""
        emit_reshape(node, program)
