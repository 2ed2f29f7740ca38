"""The channels in the opposite order, RGB to BGR: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.program.channels import Listed
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ChannelReverse(Layer):
    """Our own layer; followed like a shuffle, it costs nothing."""

    __slots__ = ()
    own = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def emit(self, node: Node, program: Program) -> None:
        """Bookkeeping: the next convolution's kernel is turned round. A reader that cannot follow gets a GATHER."""
        source = node.inputs[0]
        channels = program.value(source).channels(source.channels)
        program.set(node.output, Value(SCATTERED, None, Listed(channels.codes()[::-1])))
        if not program.follow:
            program.ordered(node.output)
