"""The largest number of the whole map: (N, H, W, C) -> (N, 1, 1, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class GlobalMaxPooling2D(Layer):
    """Keras `GlobalMaxPooling2D` with `keepdims=True`, as its mean."""

    __slots__ = ()

    def __init__(self, keepdims: bool = True, name: str | None = None) -> None:
        if not keepdims:
            raise Problem("GlobalMaxPooling2D needs keepdims: true", "Flatten what it gives")
        super().__init__({"keepdims": True}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(1, 1, C)`."""
        return ((1, 1, need_map(inputs[0], self)[2]),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One comparison an input element."""
        return {"pooling": node.inputs[0].elements}

    def window(self, node: Node) -> None:
        """It sees everything."""
        return

    def emit(self, node: Node, program: Program) -> None:
        """MAX_POOL_2D with a window of the map's size; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        height, width = node.inputs[0].size
        output = program.activation(node.name, node.output.shape)
        options = {
            "padding": "VALID",
            "stride_h": 1,
            "stride_w": 1,
            "filter_height": height,
            "filter_width": width,
            "fused_activation_function": "NONE",
        }
        program.operate("MAX_POOL_2D", [value.tensor], output, options, node.name)
        program.set(node.output, Value(output, value.layout))
