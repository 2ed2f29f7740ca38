"""Each number back to where its maximum was, zeros elsewhere: two (N, h, w, C) -> (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import Layer, need_map, pair
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class MaxUnpooling(Layer):
    """Our own layer, the inverse of `MaxPoolingWithIndices`: takes `(numbers, indices)`; `size` as before pooling."""

    __slots__ = ()
    own = True
    multiple_inputs = True
    accepts = ("float32", "int32")

    def __init__(self, size: Sequence[int], name: str | None = None) -> None:
        super().__init__({"size": pair(size, "size")}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(*size, C)`. Raises `Problem` unless numbers and indices are of one shape that fits the size."""
        if len(inputs) != 2 or inputs[1].dtype != "int32":
            raise Problem("MaxUnpooling takes numbers and the indices of a MaxPoolingWithIndices")
        height, width, channels = need_map(inputs[0], self)
        big_height, big_width = self.config["size"]
        if inputs[0].shape != inputs[1].shape:
            raise Problem(
                f"numbers of shape {list(inputs[0].shape)} and indices of shape {list(inputs[1].shape)} do not fit",
                "Bring the numbers to the channels of the pooled map first",
            )
        if (height, width) != ((big_height + 1) // 2, (big_width + 1) // 2):
            raise Problem(f"a map of {height} x {width} cannot be unpooled to {big_height} x {big_width}")
        return ((big_height, big_width, channels),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Halved."""
        return inputs[0].stride // 2

    def emit(self, node: Node, program: Program) -> None:
        """For each of the four places EQUAL and SELECT_V2, then CONCATENATION and DEPTH_TO_SPACE, all built-in."""
        numbers, places = (program.ordered(tensor) for tensor in node.inputs)
        height, width, channels = node.inputs[0].shape
        zero = program.weight(f"{node.name}.zero", (), _zero)  # of its own: at int8 it takes the numbers' scale
        chosen = []
        for place in range(4):
            here = program.activation(f"{node.name}.here{place}", (height, width, channels), "bool")
            program.operate("EQUAL", [places, program.numbers((place,), shape=())], here, {}, node.name)
            chosen.append(program.activation(f"{node.name}.chosen{place}", (height, width, channels)))
            program.operate("SELECT_V2", [here, numbers, zero], chosen[-1], {}, node.name)
        joined = program.activation(f"{node.name}.joined", (height, width, 4 * channels))
        options = {"axis": 3, "fused_activation_function": "NONE"}
        program.operate("CONCATENATION", chosen, joined, options, node.name)
        whole = program.activation(f"{node.name}.whole", (2 * height, 2 * width, channels))
        program.operate("DEPTH_TO_SPACE", [joined], whole, {"block_size": 2}, node.name)
        program.set(node.output, Value(_cropped(node, program, whole, (2 * height, 2 * width))))


def _zero(_weights: Weights) -> Array:
    import numpy as np  # only with weights at hand

    return np.zeros(())


def _cropped(node: Node, program: Program, whole: int, size: tuple[int, int]) -> int:
    if size == node.output.size:
        return whole
    output = program.activation(node.name, node.output.shape)
    shape = program.numbers((1, *node.output.shape))
    program.operate("SLICE", [whole, program.numbers((0, 0, 0, 0)), shape], output, {}, node.name)
    return output
