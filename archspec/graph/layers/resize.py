"""Bilinear or nearest resize to a size, never by a factor: (N, H, W, C) -> (N, OH, OW, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem, nearest
from archspec.graph.layer import Layer, Window, need_map, pair, shared_config
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

OPERATORS = {"bilinear": "RESIZE_BILINEAR", "nearest": "RESIZE_NEAREST_NEIGHBOR"}


class Resize(Layer):
    """Our own layer, since Keras's `Resizing` has no `align_corners`, which the papers' networks use.

    `stride` is the stride of the result against the image: that of the tap whose size is the target.
    """

    __slots__ = ("target_stride",)
    own = True

    def __init__(
        self,
        size: Sequence[int],
        stride: int,
        interpolation: str = "bilinear",
        align_corners: bool = True,
        name: str | None = None,
    ) -> None:
        if interpolation not in OPERATORS:
            raise Problem(f"unknown interpolation '{interpolation}'", nearest(interpolation, OPERATORS))
        both = pair(size, "size")
        super().__init__(
            shared_config(Resize, size=both, interpolation=interpolation, align_corners=align_corners), name
        )
        self.target_stride = stride

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(*size, C)`."""
        return ((*self.config["size"], need_map(inputs[0], self)[2]),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """That of the map it is resized to."""
        return self.target_stride

    def other_operations(self, node: Node) -> dict[str, int]:
        """Eight operations an output element for bilinear (four products, sums and weights), none for nearest."""
        return {"resize": 8 * node.output.elements} if self.config["interpolation"] == "bilinear" else {}

    def window(self, node: Node) -> Window:
        """Bilinear reads two neighbours, where there are two and the size changes."""
        if self.config["interpolation"] != "bilinear":
            return Window((1, 1), (1, 1))
        (height, width), (new_height, new_width) = node.inputs[0].size, self.config["size"]
        return Window((1 if height in (1, new_height) else 2, 1 if width in (1, new_width) else 2), (1, 1))

    def repeats_labels(self, node: Node) -> bool:
        """Whether it only repeats scores whose largest is taken then: the label map is made first, and repeated."""
        if self.config["interpolation"] != "nearest" or self.config["align_corners"]:
            return False
        readers, outputs = node.output.consumers, node.graph.outputs
        return len(readers) == 1 and type(readers[0].layer).__name__ == "ArgMax" and node.output not in outputs

    def sources(self, node: Node) -> tuple[list[int], list[int]]:
        """Of nearest interpolation between half-pixel centres: the row that each row is, and the column."""
        pairs = zip(node.inputs[0].size, self.config["size"], strict=True)
        rows, columns = ([min((2 * i + 1) * old // (2 * new), old - 1) for i in range(new)] for old, new in pairs)
        return rows, columns

    def emit(self, node: Node, program: Program) -> None:
        """RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR; the channels stay in the order they come in.

        Nothing where an ArgMax repeats labels instead.
        """
        if self.repeats_labels(node):
            return
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        aligned = self.config["align_corners"]
        options = {"align_corners": aligned, "half_pixel_centers": not aligned}
        size = program.numbers(self.config["size"])
        program.operate(OPERATORS[self.config["interpolation"]], [value.tensor, size], output, options, node.name)
        program.set(node.output, Value(output, value.layout))
