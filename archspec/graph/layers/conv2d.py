"""2-D convolution, dilated and grouped: (N, H, W, C) -> (N, OH, OW, filters)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import Config, Layer, Pair, WeightSpec, Window, need_map, pair, slide
from archspec.graph.program.fusion import Tail, scale_and_shift
from archspec.graph.program.values import Layout, Value
from archspec.graph.tensor import Node, Shape, Tensor
from archspec.graph.weights import check_initializer

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Conv2D(Layer):
    """Keras `Conv2D`."""

    __slots__ = ()

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        name: str | None = None,
    ) -> None:
        config = _config(
            filters,
            pair(kernel_size, "kernel_size"),
            pair(strides, "strides"),
            padding,
            pair(dilation_rate, "dilation_rate"),
            groups,
            use_bias,
            kernel_initializer,
            bias_initializer,
        )
        super().__init__(config, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(OH, OW, filters)`; SAME pads as TensorFlow does, the extra at the end."""
        height, width, channels = need_map(inputs[0], self)
        config = self.config
        filters, groups = config["filters"], config["groups"]
        if groups != 1 and (channels % groups or filters % groups):
            raise Problem(f"groups {groups} must divide {channels} input channels and {filters} filters")
        return ((*slid(height, width, config), filters),)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`kernel (kh, kw, C / groups, filters)` and `bias (filters)`."""
        config = self.config
        kh, kw = config["kernel_size"]
        filters = config["filters"]
        kernel = WeightSpec(
            "kernel",
            (kh, kw, node.inputs[0].shape[-1] // config["groups"], filters),
            config["kernel_initializer"],
            True,
        )
        if not config["use_bias"]:
            return (kernel,)
        return (kernel, WeightSpec("bias", (filters,), config["bias_initializer"], True))

    def macs(self, node: Node) -> int:
        """`OH · OW · filters · kh · kw · C / groups`."""
        kh, kw = self.config["kernel_size"]
        channels = node.inputs[0].shape[-1] // self.config["groups"]
        return int(node.outputs[0].elements * kh * kw * channels)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an output element for the bias."""
        return {"bias": node.outputs[0].elements} if self.config["use_bias"] else {}

    def window(self, node: Node) -> Window:
        """The dilated kernel."""
        return dilated_window(self)

    def emit(self, node: Node, program: Program) -> None:
        """CONV_2D with batch norm in its weights and the activation fused; reads its input in any channel order."""
        grouped = self.config["groups"] != 1
        if grouped:
            source, layout = program.ordered(node.inputs[0]), None
        else:
            value = program.whole(node.inputs[0])
            source, layout = value.tensor, value.layout
        tail = program.tail(node)
        (kh, kw), filters = self.config["kernel_size"], self.config["filters"]
        channels = node.inputs[0].shape[-1] // self.config["groups"]
        inputs = [
            source,
            program.weight(f"{node.name}.kernel", (filters, kh, kw, channels), partial(_kernel, node, tail, layout)),
            program.weight(f"{node.name}.bias", (filters,), partial(folded_bias, node, tail, filters, None)),
        ]
        output = program.activation(tail.output.node.name, tail.output.shape)
        program.operate("CONV_2D", inputs, output, sliding_options(self.config, tail.activation), node.name)
        program.set(tail.output, Value(output))


@lru_cache(maxsize=4096, typed=True)
def _config(
    filters: int,
    kernel_size: Pair,
    strides: Pair,
    padding: str,
    dilation_rate: Pair,
    groups: int,
    use_bias: bool,
    kernel_initializer: str,
    bias_initializer: str,
) -> Config:
    check_steps(strides, dilation_rate)
    check_initializer(kernel_initializer)
    check_initializer(bias_initializer)
    return Config(
        {
            "filters": filters,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "dilation_rate": dilation_rate,
            "groups": groups,
            "use_bias": use_bias,
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
        }
    )


def check_steps(strides: Pair, dilation_rate: Pair) -> None:
    """Raises `Problem` for a kernel that would both jump and spread."""
    if strides != (1, 1) and dilation_rate != (1, 1):
        raise Problem(
            f"a convolution cannot have strides {strides} and dilation_rate {dilation_rate} at once",
            "Make one of them 1",
        )


def slid(height: int, width: int, config: Config) -> Pair:
    """The size of a map after a dilated kernel."""
    (sh, sw), padding = config["strides"], config["padding"]
    if padding == "same":  # nearly always, and a trace makes hundreds
        return -(-height // sh), -(-width // sw)
    (kh, kw), (dh, dw) = config["kernel_size"], config["dilation_rate"]
    return slide(height, kh, sh, dh, padding), slide(width, kw, sw, dw, padding)


def dilated_window(layer: Layer) -> Window:
    """The reach of a kernel with its dilation, and its strides."""
    (kh, kw), (dh, dw) = layer.config["kernel_size"], layer.config["dilation_rate"]
    return Window(((kh - 1) * dh + 1, (kw - 1) * dw + 1), layer.config["strides"])


def sliding_options(config: Config, activation: str) -> dict[str, Any]:
    """The schema options that CONV_2D and DEPTHWISE_CONV_2D share, and the latter's own."""
    options: dict[str, Any] | None = config.known.get(activation)
    if options is None:
        options = {
            "padding": config["padding"].upper(),
            "stride_h": config["strides"][0],
            "stride_w": config["strides"][1],
            "dilation_h_factor": config["dilation_rate"][0],
            "dilation_w_factor": config["dilation_rate"][1],
            "fused_activation_function": activation,
        }
        if "depth_multiplier" in config:
            options["depth_multiplier"] = config["depth_multiplier"]
        config.remember(activation, options)
    return options


def _kernel(node: Node, tail: Tail, layout: Layout | None, weights: Weights) -> Array:
    """`(filters, kh, kw, C)` with batch norm inside, its input axis in the layout's order."""
    array = weights[f"{node.name}/kernel"]
    if layout is not None:
        array = array[:, :, layout.order, :]
    if tail.batch_norm is not None:
        array = array * scale_and_shift(weights, tail.batch_norm)[0]
    return array.transpose(3, 0, 1, 2)


def folded_bias(node: Node, tail: Tail, filters: int, layout: Layout | None, weights: Weights) -> Array:
    """The bias after folding batch norm, zeros where there is neither, in the layout's order."""
    import numpy as np  # only with weights at hand

    bias = weights[f"{node.name}/bias"].astype("float64") if node.layer.config["use_bias"] else np.zeros(filters)
    if tail.batch_norm is not None:
        scale, shift = scale_and_shift(weights, tail.batch_norm)
        bias = bias * scale + shift
    return bias if layout is None else bias[layout.order]
