"""The mean of the whole map: (N, H, W, C) -> (N, 1, 1, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map, shared_config
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class GlobalAveragePooling2D(Layer):
    """Keras `GlobalAveragePooling2D` with `keepdims=True`, the only form a segmentation head needs."""

    __slots__ = ()

    def __init__(self, keepdims: bool = True, name: str | None = None) -> None:
        if not keepdims:
            raise Problem("GlobalAveragePooling2D needs keepdims: true", "A feature map stays a map here")
        super().__init__(shared_config(GlobalAveragePooling2D, keepdims=True), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(1, 1, C)`."""
        return ((1, 1, need_map(inputs[0], self)[2]),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an input element."""
        return {"pooling": node.inputs[0].elements}

    def window(self, node: Node) -> None:
        """It sees everything."""
        return

    def emit(self, node: Node, program: Program) -> None:
        """MEAN over height and width; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        program.operate("MEAN", [value.tensor, program.numbers((1, 2))], output, {"keep_dims": True}, node.name)
        program.set(node.output, Value(output, value.layout))
