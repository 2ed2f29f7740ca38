"""Channels spread over blocks of positions: (N, H, W, C) -> (N, H·block, W·block, C / block²)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class DepthToSpace(Layer):
    """Our own layer, also called pixel shuffle. The first C / block² channels go to the block's first position."""

    __slots__ = ()
    own = True

    def __init__(self, block_size: int, name: str | None = None) -> None:
        check_block_size(block_size)
        super().__init__({"block_size": block_size}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """A larger map of fewer channels. Raises `Problem` where block² does not divide them."""
        height, width, channels = need_map(inputs[0], self)
        block = self.config["block_size"]
        if channels % block**2:
            raise Problem(
                f"{channels} channels do not fill blocks of {block} x {block}", f"Use a multiple of {block**2}"
            )
        return ((height * block, width * block, channels // block**2),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Divided by the block's side."""
        return max(1, inputs[0].stride // int(self.config["block_size"]))

    def emit(self, node: Node, program: Program) -> None:
        """DEPTH_TO_SPACE."""
        emit_moved("DEPTH_TO_SPACE", node, program)


def check_block_size(block_size: int) -> None:
    """Raises `Problem` for what is no block."""
    if type(block_size) is not int or block_size < 2:
        raise Problem(f"block_size must be an integer from 2 on ({block_size})")


def emit_moved(code: str, node: Node, program: Program) -> None:
    """One operator that moves channels and positions by blocks."""
    output = program.activation(node.name, node.output.shape)
    options = {"block_size": node.layer.config["block_size"]}
    program.operate(code, [program.ordered(node.inputs[0])], output, options, node.name)
    program.set(node.output, Value(output))
