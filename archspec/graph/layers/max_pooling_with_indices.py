"""2×2 max pooling and where each maximum was: (N, H, W, C) -> two (N, H / 2, W / 2, C), float32 and int32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.graph.layer import Layer, Window, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class MaxPoolingWithIndices(Layer):
    """Our own layer: the maximum of each window, and its place in it, 0 to 3 in reading order, the first of equals.

    A map of odd size has its last windows cut off (Caffe's rounding up, as SegNet's).
    """

    __slots__ = ()
    own = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def __call__(self, x: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:  # type: ignore[override]
        """`(maxima, indices)`."""
        return self.apply(x).outputs

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Half the size, rounded up, twice."""
        height, width, channels = need_map(inputs[0], self)
        return (((height + 1) // 2, (width + 1) // 2, channels),) * 2

    def dtypes(self, count: int) -> tuple[str, ...]:
        """The maxima are numbers, their places integers."""
        return ("float32", "int32")

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Doubled."""
        return inputs[0].stride * 2

    def other_operations(self, node: Node) -> dict[str, int]:
        """Four comparisons an output element."""
        return {"pooling": 4 * node.output.elements}

    def window(self, node: Node) -> Window:
        """2×2."""
        return Window((2, 2), (2, 2))

    def emit(self, node: Node, program: Program) -> None:
        """MAX_POOL_2D; for the places, where anybody reads them, SPACE_TO_DEPTH and ARG_MAX over the window."""
        source = program.ordered(node.inputs[0])
        maxima, places = node.outputs
        output = program.activation(f"{node.name}.maxima", maxima.shape)
        options = {
            "padding": "SAME", "stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2,
            "fused_activation_function": "NONE",
        }  # fmt: skip
        program.operate("MAX_POOL_2D", [source], output, options, node.name)
        program.set(maxima, Value(output))
        if places.consumers or places in node.graph.outputs:
            program.set(places, Value(_places(node, program, source)))


def _places(node: Node, program: Program, source: int) -> int:
    height, width, channels = node.outputs[1].shape
    windows = program.activation(f"{node.name}.windows", (height, width, 4 * channels))
    program.operate("SPACE_TO_DEPTH", [_even(node, program, source)], windows, {"block_size": 2}, node.name)
    apart = program.activation(f"{node.name}.apart", (height * width, 4, channels))
    program.operate("RESHAPE", [windows, program.numbers((1, height * width, 4, channels))], apart, {}, node.name)
    flat = program.activation(f"{node.name}.flat", (height * width, channels), "int32")
    axis = program.numbers((2,), shape=())
    program.operate("ARG_MAX", [apart, axis], flat, {"output_type": "INT32"}, node.name)
    held = program.activation(f"{node.name}.indices", (height, width, channels), "int32")
    program.operate("RESHAPE", [flat, program.numbers((1, height, width, channels))], held, {}, node.name)
    return held


def _even(node: Node, program: Program, source: int) -> int:
    """The map, its last row and column twice where the size is odd: of equals the first, the real one, is taken."""
    height, width, channels = node.inputs[0].shape
    if height % 2 == 0 and width % 2 == 0:
        return source
    padded = program.activation(f"{node.name}.padded", (height + height % 2, width + width % 2, channels))
    sides = program.numbers((0, 0, 0, height % 2, 0, width % 2, 0, 0), shape=(4, 2))
    program.operate("MIRROR_PAD", [source, sides], padded, {"mode": "SYMMETRIC"}, node.name)
    return padded
