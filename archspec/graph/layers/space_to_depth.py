"""Blocks of positions as channels: (N, H, W, C) -> (N, H / block, W / block, C·block²)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, Window, need_map
from archspec.graph.layers.depth_to_space import check_block_size, emit_moved
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class SpaceToDepth(Layer):
    """Our own layer, the inverse of `DepthToSpace`."""

    __slots__ = ()
    own = True

    def __init__(self, block_size: int, name: str | None = None) -> None:
        check_block_size(block_size)
        super().__init__({"block_size": block_size}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """A smaller map of more channels. Raises `Problem` where the block does not divide the sides."""
        height, width, channels = need_map(inputs[0], self)
        block = self.config["block_size"]
        if height % block or width % block:
            raise Problem(f"blocks of {block} x {block} do not fill a map of {height} x {width}", "Pad it first")
        return ((height // block, width // block, channels * block**2),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Multiplied by the block's side."""
        return int(inputs[0].stride * self.config["block_size"])

    def window(self, node: Node) -> Window:
        """A block."""
        block = self.config["block_size"]
        return Window((block, block), (block, block))

    def emit(self, node: Node, program: Program) -> None:
        """SPACE_TO_DEPTH."""
        emit_moved("SPACE_TO_DEPTH", node, program)
