"""Concatenation on channels, or on another axis: several (N, H, W, C_i) -> (N, H, W, ΣC_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Config, Layer
from archspec.graph.layers.elementwise import described
from archspec.graph.program.channels import Joined
from archspec.graph.program.gather import concatenate
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

LAST_AXIS = Config({"axis": -1})


class Concatenate(Layer):
    """Keras `Concatenate`; `axis` counts from the end, or with the batch as 0."""

    __slots__ = ()
    multiple_inputs = True

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(LAST_AXIS if axis == -1 else {"axis": axis}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The sizes on the axis add up; all others must be equal, and maps of one stride."""
        first = inputs[0]
        axis = axis_of(self.config["axis"], first, self)
        for tensor in inputs[1:]:
            _check_alike(first, tensor, axis, self)
        joined = sum([tensor.shape[axis] for tensor in inputs])
        return ((*first.shape[:axis], joined, *first.shape[axis + 1 :]),)

    def emit(self, node: Node, program: Program) -> None:
        """Nothing yet when shuffles are followed: the reader gathers what it needs. Else CONCATENATION."""
        output = node.outputs[0]
        axis = axis_of(self.config["axis"], node.inputs[0], self)
        on_channels = axis == len(output.shape) - 1
        if program.follow and on_channels:
            parts = [program.value(tensor).channels(tensor.shape[-1]) for tensor in node.inputs]
            program.set(output, Value(SCATTERED, None, Joined(parts)))
        else:
            held = [program.ordered(tensor) for tensor in node.inputs]
            program.set(output, Value(concatenate(program, output, held, axis + 1)))


def axis_of(axis: int, tensor: Tensor, layer: Layer) -> int:
    """Which axis of a shape without the batch is meant: Keras counts the batch as 0, and from the end with -1.

    Raises `Problem` for the batch, and for an axis that the tensor lacks.
    """
    rank = len(tensor.shape)
    found = axis + rank if axis < 0 else axis - 1
    if not 0 <= found < rank:
        axes = f"{', '.join(map(str, range(1, rank + 1)))} or {', '.join(map(str, range(-rank, 0)))}"
        raise Problem(f"{type(layer).__name__} on axis {axis} of {described(tensor)}", f"Its axes are {axes}")
    return found


def _check_alike(first: Tensor, other: Tensor, axis: int, layer: Layer) -> None:
    """Raises `Problem` unless both are of one shape but for the axis, and of one stride."""
    mine, theirs = first.shape, other.shape
    alike = len(mine) == len(theirs) and mine[:axis] == theirs[:axis] and mine[axis + 1 :] == theirs[axis + 1 :]
    if not alike or (first.stride != other.stride and axis == len(mine) - 1):
        raise Problem(
            f"{type(layer).__name__} of maps that differ: {described(first)} and {described(other)}",
            "Resize one to the other's size first",
        )
