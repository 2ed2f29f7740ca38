"""Softmax over channels or another axis: (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import POINT, Layer, Window, shared_config
from archspec.graph.layers.concatenate import axis_of
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Softmax(Layer):
    """Keras `Softmax` on one axis; the last one costs no transposition."""

    __slots__ = ()

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(shared_config(Softmax, axis=axis), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged. Raises `Problem` for an axis that there is not."""
        axis_of(self.config["axis"], inputs[0], self)
        return (inputs[0].shape,)

    def other_operations(self, node: Node) -> dict[str, int]:
        """An exponential, an addition and a division an element."""
        return {"activation": 3 * node.output.elements}

    def window(self, node: Node) -> Window | None:
        """One position of a map; everything on another axis than the channels."""
        return POINT if axis_of(self.config["axis"], node.inputs[0], self) == len(node.output.shape) - 1 else None

    def emit(self, node: Node, program: Program) -> None:
        """SOFTMAX, which is over the last axis: another one is brought there and back by TRANSPOSE."""
        held, shape = program.ordered(node.inputs[0]), node.output.shape
        last, axis = len(shape), axis_of(self.config["axis"], node.inputs[0], self) + 1
        swap = [last if one == axis else axis if one == last else one for one in range(last + 1)]
        there = tuple(shape[one - 1] for one in swap[1:])
        if axis != last:
            turned = program.activation(f"{node.name}.turned", there)
            program.operate("TRANSPOSE", [held, program.numbers(swap)], turned, {}, node.name)
            held = turned
        output = program.activation(node.name if axis == last else f"{node.name}.shares", there)
        program.operate("SOFTMAX", [held], output, {"beta": 1.0}, node.name)
        if axis != last:
            held, output = output, program.activation(node.name, shape)
            program.operate("TRANSPOSE", [held, program.numbers(swap)], output, {}, node.name)
        program.set(node.output, Value(output))
