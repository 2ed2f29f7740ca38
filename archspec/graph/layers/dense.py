"""A linear map of the last axis: (N, ..., C) -> (N, ..., units)."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.graph.layer import Config, Layer, WeightSpec
from archspec.graph.layers.conv2d import folded_bias
from archspec.graph.program.fusion import Tail, scale_and_shift
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Node, Shape, Tensor
from archspec.graph.weights import check_initializer

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Dense(Layer):
    """Keras `Dense`, of any rank; an activation is a layer of its own."""

    __slots__ = ()

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(_config(units, use_bias, kernel_initializer, bias_initializer), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(..., units)`."""
        return ((*inputs[0].shape[:-1], self.config["units"]),)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`kernel (C, units)` and `bias (units)`."""
        config, units = self.config, self.config["units"]
        kernel = WeightSpec("kernel", (node.inputs[0].channels, units), config["kernel_initializer"], True)
        if not config["use_bias"]:
            return (kernel,)
        return (kernel, WeightSpec("bias", (units,), config["bias_initializer"], True))

    def macs(self, node: Node) -> int:
        """`C · units` at each place."""
        return node.output.elements * node.inputs[0].channels

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an output element for the bias."""
        return {"bias": node.output.elements} if self.config["use_bias"] else {}

    def emit(self, node: Node, program: Program) -> None:
        """FULLY_CONNECTED with batch norm in its weights and the activation fused; reads channels in any order."""
        value = program.whole(node.inputs[0])
        tail = program.tail(node)
        units, channels = self.config["units"], node.inputs[0].channels
        inputs = [
            value.tensor,
            program.weight(f"{node.name}.kernel", (units, channels), partial(_kernel, node, tail, value.layout)),
            program.weight(f"{node.name}.bias", (units,), partial(folded_bias, node, tail, units, None)),
        ]
        output = program.activation(tail.output.node.name, tail.output.shape)
        options = {"fused_activation_function": tail.activation, "keep_num_dims": len(node.output.shape) > 1}
        program.operate("FULLY_CONNECTED", inputs, output, options, node.name)
        program.set(tail.output, Value(output))


@lru_cache(maxsize=1024, typed=True)
def _config(units: int, use_bias: bool, kernel_initializer: str, bias_initializer: str) -> Config:
    check_initializer(kernel_initializer)
    check_initializer(bias_initializer)
    return Config(
        {
            "units": units,
            "use_bias": use_bias,
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
        }
    )


def _kernel(node: Node, tail: Tail, layout: Layout | None, weights: Weights) -> Array:
    """`(units, C)` with batch norm inside, its input axis in the layout's order."""
    array = weights[f"{node.name}/kernel"]
    if layout is not None:
        array = array[layout.order]
    if tail.batch_norm is not None:
        array = array * scale_and_shift(weights, tail.batch_norm)[0]
    return array.T
