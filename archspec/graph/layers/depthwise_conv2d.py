"""Depthwise convolution, one filter a channel, dilated: (N, H, W, C) -> (N, OH, OW, C · depth_multiplier)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import Config, Layer, Pair, WeightSpec, Window, need_map, pair
from archspec.graph.layers.conv2d import check_steps, dilated_window, folded_bias, slid, sliding_options
from archspec.graph.program.fusion import Tail, scale_and_shift
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Node, Shape, Tensor
from archspec.graph.weights import check_initializer

if TYPE_CHECKING:
    from archspec.graph.program import Program


class DepthwiseConv2D(Layer):
    """Keras `DepthwiseConv2D`."""

    __slots__ = ()

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        dilation_rate: int | Sequence[int] = 1,
        use_bias: bool = True,
        depthwise_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        name: str | None = None,
    ) -> None:
        config = _config(
            pair(kernel_size, "kernel_size"),
            pair(strides, "strides"),
            padding,
            depth_multiplier,
            pair(dilation_rate, "dilation_rate"),
            use_bias,
            depthwise_initializer,
            bias_initializer,
        )
        super().__init__(config, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(OH, OW, C · depth_multiplier)`."""
        height, width, channels = need_map(inputs[0], self)
        config = self.config
        return ((*slid(height, width, config), channels * config["depth_multiplier"]),)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`kernel (kh, kw, C, depth_multiplier)` and `bias (C · depth_multiplier)`."""
        config = self.config
        kh, kw = config["kernel_size"]
        channels, multiplier = node.inputs[0].shape[-1], config["depth_multiplier"]
        kernel = WeightSpec("kernel", (kh, kw, channels, multiplier), config["depthwise_initializer"], True)
        if not config["use_bias"]:
            return (kernel,)
        return (kernel, WeightSpec("bias", (channels * multiplier,), config["bias_initializer"], True))

    def macs(self, node: Node) -> int:
        """`OH · OW · C · depth_multiplier · kh · kw`."""
        kh, kw = self.config["kernel_size"]
        return int(node.outputs[0].elements * kh * kw)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an output element for the bias."""
        return {"bias": node.outputs[0].elements} if self.config["use_bias"] else {}

    def window(self, node: Node) -> Window:
        """The dilated kernel."""
        return dilated_window(self)

    def emit(self, node: Node, program: Program) -> None:
        """DEPTHWISE_CONV_2D, dilation in the one operator; the channels stay in the order they come in."""
        config = self.config
        multiplier = config["depth_multiplier"]
        if multiplier == 1:
            value = program.whole(node.inputs[0])
            source, layout = value.tensor, value.layout
        else:
            source, layout = program.ordered(node.inputs[0]), None
        tail = program.tail(node)
        kh, kw = config["kernel_size"]
        filters = node.outputs[0].shape[-1]
        inputs = [
            source,
            program.weight(f"{node.name}.kernel", (1, kh, kw, filters), partial(_kernel, node, tail, layout)),
            program.weight(f"{node.name}.bias", (filters,), partial(folded_bias, node, tail, filters, layout)),
        ]
        output = program.activation(tail.output.node.name, tail.output.shape)
        program.operate("DEPTHWISE_CONV_2D", inputs, output, sliding_options(config, tail.activation), node.name)
        program.set(tail.output, Value(output, layout))


@lru_cache(maxsize=4096, typed=True)
def _config(
    kernel_size: Pair,
    strides: Pair,
    padding: str,
    depth_multiplier: int,
    dilation_rate: Pair,
    use_bias: bool,
    depthwise_initializer: str,
    bias_initializer: str,
) -> Config:
    if strides[0] != strides[1]:
        raise Problem(f"a depthwise convolution needs equal strides ({strides})", "Keras and TFLite know no other")
    check_steps(strides, dilation_rate)
    check_initializer(depthwise_initializer)
    check_initializer(bias_initializer)
    return Config(
        {
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "depth_multiplier": depth_multiplier,
            "dilation_rate": dilation_rate,
            "use_bias": use_bias,
            "depthwise_initializer": depthwise_initializer,
            "bias_initializer": bias_initializer,
        }
    )


def _kernel(node: Node, tail: Tail, layout: Layout | None, weights: Weights) -> Array:
    """`(1, kh, kw, C · depth_multiplier)` with batch norm inside, in the layout's order."""
    array = weights[f"{node.name}/kernel"]
    array = array.reshape(1, *array.shape[:2], -1)
    if tail.batch_norm is not None:
        array = array * scale_and_shift(weights, tail.batch_norm)[0]
    return array if layout is None else array[..., layout.order]
