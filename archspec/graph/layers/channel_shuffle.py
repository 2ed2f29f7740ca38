"""Channel shuffle: channels read as (groups, n) are written as (n, groups): (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Config, Layer, need_map
from archspec.graph.program.channels import shuffled
from archspec.graph.program.gather import literal_shuffle
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ChannelShuffle(Layer):
    """Our own layer: reshape, transpose, reshape (arXiv:1707.01083, Figure 1)."""

    __slots__ = ()
    own = True

    def __init__(self, groups: int = 2, name: str | None = None) -> None:
        super().__init__(_config(groups), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged; the groups must divide the channels."""
        channels = need_map(inputs[0], self)[2]
        if channels % self.config["groups"]:
            raise Problem(f"a shuffle of {self.config['groups']} groups does not divide {channels} channels")
        return (inputs[0].shape,)

    def emit(self, node: Node, program: Program) -> None:
        """Bookkeeping when shuffles are followed, else RESHAPE, TRANSPOSE, RESHAPE."""
        source, output, groups = node.inputs[0], node.output, self.config["groups"]
        if program.follow:
            channels = program.value(source).channels(source.shape[-1])
            program.set(output, Value(SCATTERED, None, shuffled(channels, groups)))
        else:
            program.set(output, Value(literal_shuffle(program, output, program.ordered(source), groups)))


@lru_cache(maxsize=256, typed=True)
def _config(groups: int) -> Config:
    return Config({"groups": groups})
