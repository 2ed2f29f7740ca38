"""What max and average pooling share: a window that slides over each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.graph.layer import Layer, Pair, Window, need_map, pair, slide
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Pooling2D(Layer):
    """A sliding window without weights."""

    __slots__ = ()
    tflite_code = ""

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        name: str | None = None,
    ) -> None:
        window = pair(pool_size, "pool_size")
        steps = window if strides is None else pair(strides, "strides")
        super().__init__({"pool_size": window, "strides": steps, "padding": padding}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(OH, OW, C)`."""
        height, width, channels = need_map(inputs[0], self)
        (kh, kw), (sh, sw), padding = self.config["pool_size"], self.config["strides"], self.config["padding"]
        return ((slide(height, kh, sh, 1, padding), slide(width, kw, sw, 1, padding), channels),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One operation a window position an output element."""
        kh, kw = self.config["pool_size"]
        return {"pooling": node.output.elements * kh * kw}

    def window(self, node: Node) -> Window:
        """The pooling window."""
        kernel: Pair = self.config["pool_size"]
        return Window(kernel, self.config["strides"])

    def emit(self, node: Node, program: Program) -> None:
        """MAX_POOL_2D or AVERAGE_POOL_2D; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        config = self.config
        options = {
            "padding": config["padding"].upper(),
            "stride_h": config["strides"][0],
            "stride_w": config["strides"][1],
            "filter_height": config["pool_size"][0],
            "filter_width": config["pool_size"][1],
            "fused_activation_function": "NONE",
        }
        program.operate(self.tflite_code, [value.tensor], output, options, node.name)
        program.set(node.output, Value(output, value.layout))
