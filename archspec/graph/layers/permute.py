"""Axes in another order: (N, a, b, c) with dims (3, 1, 2) -> (N, c, a, b)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, shared_config
from archspec.graph.layers.elementwise import described
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

MOST_AXES = 5  # of one image: TRANSPOSE takes six with the batch


class Permute(Layer):
    """Keras `Permute`: `dims` says which axis comes where, the first one is 1 (0 is the batch, which stays)."""

    __slots__ = ()

    def __init__(self, dims: Sequence[int], name: str | None = None) -> None:
        order = tuple(dims)
        if sorted(order) != list(range(1, len(order) + 1)):
            raise Problem(f"dims must hold each of 1 to {len(order)} once ({list(order)})")
        if len(order) > MOST_AXES:
            raise Problem(f"dims of {len(order)} axes; a runtime transposes at most {MOST_AXES} and the batch")
        super().__init__(shared_config(Permute, dims=order), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The sizes in the new order."""
        dims, shape = self.config["dims"], inputs[0].shape
        if len(dims) != len(shape):
            raise Problem(f"dims of {len(dims)} axes for {described(inputs[0])}", f"Give each of 1 to {len(shape)}")
        return (tuple(shape[axis - 1] for axis in dims),)

    def emit(self, node: Node, program: Program) -> None:
        """TRANSPOSE, or nothing where the order is the same. Channels that stay the last axis stay in their order."""
        dims, source = self.config["dims"], node.inputs[0]
        if list(dims) == sorted(dims):
            program.set(node.output, program.value(source))
            return
        if dims[-1] == len(dims):
            value = program.whole(source)
            held, layout = value.tensor, value.layout
        else:
            held, layout = program.ordered(source), None
        output = program.activation(node.name, node.output.shape)
        program.operate("TRANSPOSE", [held, program.numbers((0, *dims))], output, {}, node.name)
        program.set(node.output, Value(output, layout))
