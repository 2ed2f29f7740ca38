"""What means and sums share: axes that become one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from archspec.errors import Problem
from archspec.graph.layer import POINT, Layer, Window, shared_config
from archspec.graph.layers.concatenate import axis_of
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Reduction(Layer):
    """Axes count from the end, or with the batch as 0; `keepdims` leaves each of them with size 1."""

    __slots__ = ()
    own = True
    tflite_code: ClassVar[str] = ""
    keeps_float: ClassVar[bool] = False

    def __init__(self, axes: int | Sequence[int], keepdims: bool = True, name: str | None = None) -> None:
        each = (axes,) if isinstance(axes, int) else tuple(axes)
        kind: type = type(self)
        super().__init__(shared_config(kind, axes=each, keepdims=keepdims), name)

    def _axes(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(sorted({axis_of(axis, tensor, self) for axis in self.config["axes"]}))

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Without the axes, or with 1 in their places. Raises `Problem` where no axis is named or none is left."""
        axes, shape = self._axes(inputs[0]), inputs[0].shape
        if not axes or (len(axes) == len(shape) and not self.config["keepdims"]):
            raise Problem(f"{type(self).__name__} over the axes {list(self.config['axes'])} of {list(shape)}")
        if self.config["keepdims"]:
            return (tuple(1 if axis in axes else size for axis, size in enumerate(shape)),)
        return (tuple(size for axis, size in enumerate(shape) if axis not in axes),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an input element."""
        return {"pooling": node.inputs[0].elements}

    def window(self, node: Node) -> Window | None:
        """One position where the channels alone go into it; else everything."""
        source = node.inputs[0]
        return POINT if self._axes(source) == (len(source.shape) - 1,) else None

    def emit(self, node: Node, program: Program) -> None:
        """MEAN or SUM; channels that are left stay in the order they come in."""
        source = node.inputs[0]
        value, axes = program.whole(source), self._axes(source)
        output = program.activation(node.name, node.output.shape)
        inputs = [value.tensor, program.numbers(tuple(axis + 1 for axis in axes))]
        options = {"keep_dims": self.config["keepdims"]}
        program.operate(self.tflite_code, inputs, output, options, node.name, keep_float=self.keeps_float)
        program.set(node.output, Value(output, None if len(source.shape) - 1 in axes else value.layout))
