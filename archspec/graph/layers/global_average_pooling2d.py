"""The mean of the whole map: (N, H, W, C) -> (N, 1, 1, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layers.pooling import GlobalPooling2D
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class GlobalAveragePooling2D(GlobalPooling2D):
    """Keras `GlobalAveragePooling2D` with `keepdims=True`, the only form a segmentation head needs."""

    __slots__ = ()
    instead = "A feature map stays a map here"

    def emit(self, node: Node, program: Program) -> None:
        """MEAN over height and width; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        program.operate("MEAN", [value.tensor, program.numbers((1, 2))], output, {"keep_dims": True}, node.name)
        program.set(node.output, Value(output, value.layout))
