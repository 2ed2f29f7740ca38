"""Transposed convolution, SAME: (N, H, W, C) -> (N, H · stride, W · stride, filters)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import Layer, WeightSpec, Window, need_map, pair
from archspec.graph.layers.conv2d import folded_bias
from archspec.graph.program.fusion import Tail, scale_and_shift
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Conv2DTranspose(Layer):
    """Keras `Conv2DTranspose` with padding "same"."""

    __slots__ = ()

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "same",
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        name: str | None = None,
    ) -> None:
        if padding != "same":
            raise Problem(f"a transposed convolution needs padding same ({padding})")
        super().__init__(
            {
                "filters": filters,
                "kernel_size": pair(kernel_size, "kernel_size"),
                "strides": pair(strides, "strides"),
                "padding": padding,
                "use_bias": use_bias,
                "kernel_initializer": kernel_initializer,
                "bias_initializer": bias_initializer,
            },
            name,
        )

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(H · stride, W · stride, filters)`."""
        height, width, _ = need_map(inputs[0], self)
        sh, sw = self.config["strides"]
        return ((height * sh, width * sw, self.config["filters"]),)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """Divided by its own. Raises `Problem` where that would pass the image's resolution."""
        factor: int = self.config["strides"][0]
        if inputs[0].stride % factor:
            raise Problem(f"a transposed convolution of stride {factor} on a map of stride {inputs[0].stride}")
        return inputs[0].stride // factor

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`kernel (kh, kw, filters, C)`, as Keras has it, and `bias (filters)`."""
        config = self.config
        kh, kw = config["kernel_size"]
        shape = (kh, kw, config["filters"], node.inputs[0].channels)
        kernel = WeightSpec("kernel", shape, config["kernel_initializer"], True)
        if not config["use_bias"]:
            return (kernel,)
        return (kernel, WeightSpec("bias", (config["filters"],), config["bias_initializer"], True))

    def macs(self, node: Node) -> int:
        """`H · W · C · kh · kw · filters`, on the input's grid: every input number meets the whole kernel once."""
        kh, kw = self.config["kernel_size"]
        filters: int = self.config["filters"]
        return int(node.inputs[0].elements * kh * kw * filters)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an output element for the bias."""
        return {"bias": node.output.elements} if self.config["use_bias"] else {}

    def window(self, node: Node) -> Window:
        """How many input positions an output position can see."""
        (kh, kw), (sh, sw) = self.config["kernel_size"], self.config["strides"]
        return Window((-(-kh // sh), -(-kw // sw)), (1, 1))

    def emit(self, node: Node, program: Program) -> None:
        """TRANSPOSE_CONV with batch norm in its weights and the activation fused; reads any channel order."""
        value = program.whole(node.inputs[0])
        source, layout = value.tensor, value.layout
        tail = program.tail(node)
        kh, kw = self.config["kernel_size"]
        filters, channels = self.config["filters"], node.inputs[0].channels
        shape = program.numbers((1, *node.output.shape))
        recipe = partial(_kernel, node, tail, layout)
        weight = program.weight(f"{node.name}.kernel", (filters, kh, kw, channels), recipe)
        bias = program.weight(f"{node.name}.bias", (filters,), partial(folded_bias, node, tail, filters, None))
        output = program.activation(tail.output.node.name, tail.output.shape)
        sh, sw = self.config["strides"]
        options = {
            "padding": "SAME",
            "stride_h": sh,
            "stride_w": sw,
            "fused_activation_function": tail.activation,
        }
        program.operate("TRANSPOSE_CONV", [shape, weight, source, bias], output, options, node.name)
        program.set(tail.output, Value(output))


def _kernel(node: Node, tail: Tail, layout: Layout | None, weights: Weights) -> Array:
    """`(filters, kh, kw, C)` with batch norm inside, its input axis in the layout's order."""
    array = weights[f"{node.name}/kernel"]
    if layout is not None:
        array = array[:, :, :, layout.order]
    if tail.batch_norm is not None:
        array = array * scale_and_shift(weights, tail.batch_norm)[0][:, None]
    return array.transpose(2, 0, 1, 3)
