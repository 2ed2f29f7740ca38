"""Zeros around a map: (N, H, W, C) -> (N, top + H + bottom, left + W + right, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ZeroPadding2D(Layer):
    """Keras `ZeroPadding2D`: an int, `(rows, columns)`, or `((top, bottom), (left, right))`."""

    __slots__ = ()

    def __init__(self, padding: int | Sequence[int] | Sequence[Sequence[int]] = 1, name: str | None = None) -> None:
        both: Sequence[int | Sequence[int]] = (padding, padding) if isinstance(padding, int) else padding
        sides = tuple((side, side) if isinstance(side, int) else tuple(side) for side in both)
        super().__init__({"padding": sides}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Larger by what is added."""
        height, width, channels = need_map(inputs[0], self)
        (top, bottom), (left, right) = self.config["padding"]
        return ((height + top + bottom, width + left + right, channels),)

    def emit(self, node: Node, program: Program) -> None:
        """PAD; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        (top, bottom), (left, right) = self.config["padding"]
        sides = program.numbers((0, 0, top, bottom, left, right, 0, 0), shape=(4, 2))
        output = program.activation(node.name, node.output.shape)
        program.operate("PAD", [value.tensor, sides], output, {}, node.name)
        program.set(node.output, Value(output, value.layout))
