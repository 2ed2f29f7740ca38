"""The largest number of the whole map: (N, H, W, C) -> (N, 1, 1, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layers.pooling import GlobalPooling2D, pool_options
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class GlobalMaxPooling2D(GlobalPooling2D):
    """Keras `GlobalMaxPooling2D` with `keepdims=True`, as its mean."""

    __slots__ = ()
    instead = "Flatten what it gives"

    def emit(self, node: Node, program: Program) -> None:
        """MAX_POOL_2D with a window of the map's size; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        options = pool_options("valid", (1, 1), node.inputs[0].size)
        program.operate("MAX_POOL_2D", [value.tensor], output, options, node.name)
        program.set(node.output, Value(output, value.layout))
