"""A map enlarged by whole factors: (N, H, W, C) -> (N, H·factor, W·factor, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem, nearest
from archspec.graph.layer import Layer, Window, need_map, pair
from archspec.graph.layers.resize import OPERATORS
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class UpSampling2D(Layer):
    """Keras `UpSampling2D`, nearest or bilinear. Networks of this project resize to a tap's size: `Resize`."""

    __slots__ = ()

    def __init__(self, size: int | Sequence[int] = 2, interpolation: str = "nearest", name: str | None = None) -> None:
        if interpolation not in OPERATORS:
            raise Problem(f"unknown interpolation '{interpolation}'", nearest(interpolation, OPERATORS))
        super().__init__({"size": pair(size, "size"), "interpolation": interpolation}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Each side times its factor."""
        height, width, channels = need_map(inputs[0], self)
        return ((height * self.config["size"][0], width * self.config["size"][1], channels),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Divided by the factor of the rows."""
        return max(1, inputs[0].stride // int(self.config["size"][0]))

    def other_operations(self, node: Node) -> dict[str, int]:
        """Eight operations an output element for bilinear, none for nearest."""
        return {"resize": 8 * node.output.elements} if self.config["interpolation"] == "bilinear" else {}

    def window(self, node: Node) -> Window:
        """Bilinear reads two neighbours, where there are two."""
        if self.config["interpolation"] != "bilinear":
            return Window((1, 1), (1, 1))
        (height, width), (rows, columns) = node.inputs[0].size, self.config["size"]
        return Window((1 if 1 in (height, rows) else 2, 1 if 1 in (width, columns) else 2), (1, 1))

    def emit(self, node: Node, program: Program) -> None:
        """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR, pixel centres aligned; channels stay in their order."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        options = {"align_corners": False, "half_pixel_centers": True}
        size = program.numbers(node.output.size)
        program.operate(OPERATORS[self.config["interpolation"]], [value.tensor, size], output, options, node.name)
        program.set(node.output, Value(output, value.layout))
