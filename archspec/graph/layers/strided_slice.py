"""A part of a map, every `strides`-th of it: (N, H, W, C) -> (N, h, w, c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer
from archspec.graph.layers.elementwise import described
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class StridedSlice(Layer):
    """Our own layer: `x[begin:end:strides]` of each axis but the batch; an `end` of null is the axis's own.

    Negative places count from the end, as in Python; strides are positive.
    """

    __slots__ = ()
    own = True

    def __init__(
        self,
        begin: Sequence[int],
        end: Sequence[int | None],
        strides: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        steps = (1,) * len(begin) if strides is None else tuple(strides)
        if not len(begin) == len(end) == len(steps):
            raise Problem(f"begin, end and strides of {len(begin)}, {len(end)} and {len(steps)} axes")
        if any(type(step) is not int or step < 1 for step in steps):
            raise Problem(f"strides must be positive ({list(steps)})")
        super().__init__({"begin": tuple(begin), "end": tuple(end), "strides": steps}, name)

    def ranges(self, shape: Shape) -> list[range]:
        """Which places of each axis are taken."""
        config = self.config
        return [
            range(size)[begin:end:step]
            for size, begin, end, step in zip(shape, config["begin"], config["end"], config["strides"], strict=True)
        ]

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """How many places of each axis. Raises `Problem` where nothing is left, or the ranks differ."""
        shape, config = inputs[0].shape, self.config
        if len(config["begin"]) != len(shape):
            raise Problem(f"a slice of {len(config['begin'])} axes of {described(inputs[0])}", "Give one for each axis")
        found = tuple(map(len, self.ranges(shape)))
        if 0 in found:
            raise Problem(
                f"a slice from {list(config['begin'])} to {list(config['end'])} of {described(inputs[0])} is empty"
            )
        return (found,)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Multiplied by that of the rows."""
        return int(inputs[0].stride * self.config["strides"][0])

    def emit(self, node: Node, program: Program) -> None:
        """SLICE, or where places are left out STRIDED_SLICE, which XNNPACK leaves to the runtime's own kernel."""
        held, taken = program.ordered(node.inputs[0]), self.ranges(node.inputs[0].shape)
        output = program.activation(node.name, node.output.shape)
        begin = program.numbers((0, *(one.start for one in taken)))
        if all(one.step == 1 for one in taken):
            size = program.numbers((1, *node.output.shape))
            program.operate("SLICE", [held, begin, size], output, {}, node.name)
        else:
            end = program.numbers((1, *(one[-1] + 1 for one in taken)))
            steps = program.numbers((1, *(one.step for one in taken)))
            program.operate("STRIDED_SLICE", [held, begin, end, steps], output, {}, node.name)
        program.set(node.output, Value(output))
