"""The means of a grid of windows that cover the map: (N, H, W, C) -> (N, *output_size, C)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from archspec.errors import Problem
from archspec.graph.layer import Layer, Pair, Window, need_map, pair
from archspec.graph.program.gather import concatenate
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Spread(NamedTuple):
    """Windows on one axis that are alike: where the first begins, how long each is, how far the next, how many."""

    begin: int
    length: int
    step: int
    windows: int


class AdaptiveAveragePooling2D(Layer):
    """Our own layer, after PyTorch's: window `i` of `n` on an axis of `s` is from floor(i·s/n) to ceil((i+1)·s/n).

    (Keras's layer of that name has other windows where `n` does not divide `s`.) `stride` is that of the result against
    the image; left out, it is what the image's height is to the grid's, so that grids of one size have one stride.
    """

    __slots__ = ("target_stride",)
    own = True

    def __init__(self, output_size: int | Sequence[int], stride: int | None = None, name: str | None = None) -> None:
        super().__init__({"output_size": pair(output_size, "output_size")}, name)
        self.target_stride = stride

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(*output_size, C)`; a larger grid than the map has windows that repeat."""
        return ((*self.config["output_size"], need_map(inputs[0], self)[2]),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """What was given, or the ratio of the image's height to the grid's."""
        if self.target_stride is not None:
            return self.target_stride
        images = inputs[0].node.graph.inputs
        if not images:
            raise Problem("AdaptiveAveragePooling2D in a graph without an image", "Give its stride")
        return max(1, round(images[0].shape[0] / int(self.config["output_size"][0])))

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition for each number of each window."""
        rows, columns = (sum(one.length * one.windows for one in spreads) for spreads in self._spreads(node))
        return {"pooling": rows * columns * node.output.channels}

    def window(self, node: Node) -> Window:
        """The longest window."""
        sizes: Pair = tuple(max(one.length for one in spreads) for spreads in self._spreads(node))  # type: ignore[assignment]
        return Window(sizes, (1, 1))

    def _spreads(self, node: Node) -> tuple[list[Spread], list[Spread]]:
        (height, width), (rows, columns) = node.inputs[0].size, self.config["output_size"]
        return list(_spreads(height, rows)), list(_spreads(width, columns))

    def emit(self, node: Node, program: Program) -> None:
        """AVERAGE_POOL_2D. Where windows are not all alike: along each axis, one for each stretch of alike ones, of a
        SLICE, and a CONCATENATION. Channels stay in the order they come in.
        """
        value = program.whole(node.inputs[0])
        rows, columns = self._spreads(node)
        held = value.tensor
        if len(rows) == len(columns) == 1:
            held = _pooled(node, program, held, (rows[0], columns[0]), node.name)
        else:
            whole = Spread(0, 1, 1, node.inputs[0].shape[1])
            held = _along(node, program, held, 1, [(one, whole) for one in rows])
            whole = Spread(0, 1, 1, node.output.shape[0])
            held = _along(node, program, held, 2, [(whole, one) for one in columns])
        program.set(node.output, Value(held, value.layout))


def _spreads(size: int, windows: int) -> Iterator[Spread]:
    """The windows of an axis, those that follow each other at one distance and length taken together."""
    begins = [index * size // windows for index in range(windows)]
    lengths = [-(-(index + 1) * size // windows) - begins[index] for index in range(windows)]
    at = 0
    while at < windows:
        stop = at + 1
        step = begins[stop] - begins[at] if stop < windows else 1
        while stop < windows and lengths[stop] == lengths[at] and begins[stop] - begins[stop - 1] == step and step:
            stop += 1
        yield Spread(begins[at], lengths[at], step if stop - at > 1 else 1, stop - at)
        at = stop


def _along(node: Node, program: Program, held: int, axis: int, parts: list[tuple[Spread, Spread]]) -> int:
    """The means of windows on one axis, each of the other axis's positions for itself."""
    if len(parts) == 1 and parts[0][axis - 1] == Spread(0, 1, 1, program.tensors[held].shape[axis]):
        return held
    pieces = []
    for number, spreads in enumerate(parts):
        name = f"{node.name}.{'rows' if axis == 1 else 'columns'}{number}"
        pieces.append(_pooled(node, program, _part(node, program, held, axis, spreads[axis - 1], name), spreads, name))
    return concatenate(program, node.output, pieces, axis)


def _part(node: Node, program: Program, held: int, axis: int, spread: Spread, name: str) -> int:
    """The stretch of an axis that some windows cover."""
    shape = program.tensors[held].shape
    length = (spread.windows - 1) * spread.step + spread.length
    if length == shape[axis]:
        return held
    begin, size = [0, 0, 0, 0], list(shape)
    begin[axis], size[axis] = spread.begin, length
    output = program.activation(f"{name}.part", tuple(size[1:]))
    program.operate("SLICE", [held, program.numbers(begin), program.numbers(size)], output, {}, node.name)
    return output


def _pooled(node: Node, program: Program, held: int, spreads: tuple[Spread, Spread], name: str) -> int:
    rows, columns = spreads
    if rows.length == columns.length == rows.step == columns.step == 1:
        return held
    output = program.activation(name, (rows.windows, columns.windows, program.tensors[held].shape[3]))
    options = {
        "padding": "VALID",
        "stride_h": rows.step,
        "stride_w": columns.step,
        "filter_height": rows.length,
        "filter_width": columns.length,
        "fused_activation_function": "NONE",
    }
    program.operate("AVERAGE_POOL_2D", [held], output, options, node.name)
    return output
