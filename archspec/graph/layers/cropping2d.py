"""A map without its border: (N, H, W, C) -> (N, H - top - bottom, W - left - right, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Cropping2D(Layer):
    """Keras `Cropping2D`: `((top, bottom), (left, right))`."""

    __slots__ = ()

    def __init__(self, cropping: Sequence[Sequence[int]], name: str | None = None) -> None:
        (top, bottom), (left, right) = cropping
        super().__init__({"cropping": ((top, bottom), (left, right))}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Smaller by what is cut off."""
        height, width, channels = need_map(inputs[0], self)
        (top, bottom), (left, right) = self.config["cropping"]
        if min(top, bottom, left, right) < 0 or top + bottom >= height or left + right >= width:
            raise Problem(f"cropping {self.config['cropping']} leaves nothing of a map of {height} x {width}")
        return ((height - top - bottom, width - left - right, channels),)

    def emit(self, node: Node, program: Program) -> None:
        """SLICE; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        (top, _), (left, _) = self.config["cropping"]
        output = program.activation(node.name, node.output.shape)
        begin = program.numbers((0, top, left, 0))
        size = program.numbers((1, *node.output.shape))
        program.operate("SLICE", [value.tensor, begin, size], output, {}, node.name)
        program.set(node.output, Value(output, value.layout))
