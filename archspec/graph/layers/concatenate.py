"""Concatenation on channels: several (N, H, W, C_i) -> (N, H, W, ΣC_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Config, Layer, need_map
from archspec.graph.program.channels import Joined
from archspec.graph.program.gather import concatenate
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

LAST_AXIS = Config({"axis": -1})


class Concatenate(Layer):
    """Keras `Concatenate` on the last axis."""

    __slots__ = ()
    multiple_inputs = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(LAST_AXIS, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The channels add up; the maps must be of one size and one stride."""
        need_same_map(inputs, self)
        return ((*inputs[0].shape[:2], sum(tensor.shape[2] for tensor in inputs)),)

    def emit(self, node: Node, program: Program) -> None:
        """Nothing yet when shuffles are followed: the reader gathers what it needs. Else CONCATENATION."""
        output = node.outputs[0]
        if program.follow:
            parts = [program.value(tensor).channels(tensor.shape[-1]) for tensor in node.inputs]
            program.set(output, Value(SCATTERED, None, Joined(parts)))
        else:
            program.set(
                output, Value(concatenate(program, output, [program.ordered(tensor) for tensor in node.inputs]))
            )


def need_same_map(inputs: tuple[Tensor, ...], layer: Layer) -> None:
    """Raises `Problem` unless all inputs are maps of one height, width and stride."""
    first = inputs[0]
    need_map(first, layer)
    for tensor in inputs[1:]:
        need_map(tensor, layer)
        if tensor.shape[:2] != first.shape[:2] or tensor.stride != first.stride:
            raise Problem(
                f"{type(layer).__name__} of maps that differ: {_described(first)} and {_described(tensor)}",
                "Resize one to the other's size first",
            )


def _described(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} at stride {tensor.stride} ('{tensor.node.name}')"
