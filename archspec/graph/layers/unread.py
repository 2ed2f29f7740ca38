"""A tensor, and beside it what a published network also makes and nothing reads: (N, H, W, C), … -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Unread(Layer):
    """Our own layer: its first input. What leads only to its others has weights, as in published checkpoints, so that
    parameters and checkpoints fit to the last one; a runtime never computes it, and it counts no operations.
    """

    __slots__ = ()
    own = True
    multiple_inputs = True
    reads_first_only = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The first input's."""
        if len(inputs) < 2:
            raise Problem("Unread of one tensor alone", "Give it what is not read too")
        return (inputs[0].shape,)

    def emit(self, node: Node, program: Program) -> None:
        """No operator: the same value under another name."""
        program.set(node.output, program.value(node.inputs[0]))
