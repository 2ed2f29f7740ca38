"""What max and average pooling share: a window that slides over each channel, or sees all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, Pair, Window, need_map, pair, shared_config, slide
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
        options = pool_options(self.config["padding"], self.config["strides"], self.config["pool_size"])
        program.operate(self.tflite_code, [value.tensor], output, options, node.name)
        program.set(node.output, Value(output, value.layout))


def pool_options(padding: str, strides: Pair, window: Pair) -> dict[str, object]:
    """The schema options of MAX_POOL_2D and AVERAGE_POOL_2D."""
    return {
        "padding": padding.upper(),
        "stride_h": strides[0],
        "stride_w": strides[1],
        "filter_height": window[0],
        "filter_width": window[1],
        "fused_activation_function": "NONE",
    }


class GlobalPooling2D(Layer):
    """One number of each channel, as a map of one position."""

    __slots__ = ()
    instead = ""  # the remedy where no map is wanted

    def __init__(self, keepdims: bool = True, name: str | None = None) -> None:
        if not keepdims:
            raise Problem(f"{type(self).__name__} needs keepdims: true", self.instead)
        kind: type = type(self)
        super().__init__(shared_config(kind, keepdims=True), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(1, 1, C)`."""
        return ((1, 1, need_map(inputs[0], self)[2]),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One operation an input element."""
        return {"pooling": node.inputs[0].elements}

    def window(self, node: Node) -> None:
        """It sees everything."""
        return
