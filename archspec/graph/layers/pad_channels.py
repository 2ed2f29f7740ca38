"""Zeros behind the channels: (N, H, W, C) -> (N, H, W, filters)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class PadChannels(Layer):
    """Our own layer: ENet's shortcut where a bottleneck has more filters than its input has channels."""

    __slots__ = ()
    own = True

    def __init__(self, filters: int, name: str | None = None) -> None:
        super().__init__({"filters": filters}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`filters` channels, not fewer than there are."""
        height, width, channels = need_map(inputs[0], self)
        if self.config["filters"] < channels:
            raise Problem(f"{channels} channels cannot be padded to {self.config['filters']}")
        return ((height, width, self.config["filters"]),)

    def emit(self, node: Node, program: Program) -> None:
        """PAD on channels."""
        source = program.ordered(node.inputs[0])
        more = self.config["filters"] - node.inputs[0].channels
        sides = program.numbers((0, 0, 0, 0, 0, 0, 0, more), shape=(4, 2))
        output = program.activation(node.name, node.output.shape)
        program.operate("PAD", [source, sides], output, {}, node.name)
        program.set(node.output, Value(output))
