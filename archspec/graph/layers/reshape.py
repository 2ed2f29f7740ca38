"""The same numbers in another shape, in their order: (N, ...) -> (N, *target_shape)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, shared_config
from archspec.graph.layers.elementwise import described
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Reshape(Layer):
    """Keras `Reshape`; one axis may be -1. The config holds the shape worked out, so equal ones are equal."""

    __slots__ = ()

    def __init__(self, target_shape: Sequence[int], name: str | None = None) -> None:
        shape = tuple(target_shape)
        if any(type(size) is not int or size < -1 or size == 0 for size in shape) or shape.count(-1) > 1:
            raise Problem(f"target_shape must be of positive sizes, one of them perhaps -1 ({list(shape)})")
        super().__init__(shared_config(Reshape, target_shape=shape), name)

    def apply(self, x: Tensor | Sequence[Tensor]) -> Node:
        """As every layer's, with -1 worked out."""
        if not isinstance(x, Tensor) or -1 not in self.config["target_shape"]:
            return super().apply(x)
        found = copy.copy(self)
        found.config = shared_config(Reshape, target_shape=self.shapes((x,))[0])
        return super(Reshape, found).apply(x)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The target, of as many numbers. Raises `Problem` for another number of them."""
        target: Shape = self.config["target_shape"]
        known = prod([size for size in target if size != -1])
        elements = inputs[0].elements
        if elements % known or (-1 not in target and elements != known):
            raise Problem(f"{elements} numbers of {described(inputs[0])} do not fit the shape {list(target)}")
        return (tuple(elements // known if size == -1 else size for size in target),)

    def emit(self, node: Node, program: Program) -> None:
        """RESHAPE, or nothing where the shape is the same. Channels that stay the last axis stay in their order."""
        emit_reshape(node, program)


def emit_reshape(node: Node, program: Program) -> None:
    """The output of `node` as its input in another shape."""
    source, shape = node.inputs[0], node.output.shape
    if source.shape == shape:
        program.set(node.output, program.value(source))
        return
    if source.shape[-1] == shape[-1]:
        value = program.whole(source)
        held, layout = value.tensor, value.layout
    else:
        held, layout = program.ordered(source), None
    output = program.activation(node.name, shape)
    wanted = program.numbers((1, *shape))
    program.operate("RESHAPE", [held, wanted], output, {}, node.name)
    program.set(node.output, Value(output, layout))
