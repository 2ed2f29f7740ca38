"""Convolutions and dense layers, each activation a node of its own: strides and padding go by the window."""

from __future__ import annotations

from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layer import pair
from archspec.keras_model.call import Call
from archspec.keras_model.rules.activations import with_activation


def conv2d(call: Call) -> Tensor:
    """`Conv2D`; one of as many groups as channels is a `DepthwiseConv2D`, the same function with the same arrays."""
    call.need_channels_last()
    kernel, padding = pair(call.get("kernel_size"), "kernel_size"), str(call.get("padding", "valid"))
    groups, filters = int(call.get("groups", 1)), int(call.get("filters"))
    window = call.window(kernel, padding, dilation_rate=call.get("dilation_rate", 1))
    given: dict[str, Any] = {
        "kernel_size": kernel, "strides": window.strides, "padding": padding, "dilation_rate": window.dilation_rate,
        "use_bias": bool(call.get("use_bias", True)), "bias_initializer": call.initializer("bias_initializer", "zeros"),
    }  # fmt: skip
    initializer = call.initializer("kernel_initializer", "glorot_uniform")
    if groups > 1 and groups == call.x.channels:
        given |= {"depth_multiplier": filters // groups, "depthwise_initializer": initializer}
        return with_activation(call, call.add(layers.DepthwiseConv2D, window=window, **given))
    given |= {"filters": filters, "groups": groups, "kernel_initializer": initializer}
    return with_activation(call, call.add(layers.Conv2D, window=window, **given))


def depthwise_conv2d(call: Call) -> Tensor:
    """`DepthwiseConv2D`."""
    return with_activation(call, _depthwise(call, "depthwise_initializer", use_bias=bool(call.get("use_bias", True))))


def _depthwise(call: Call, initializer: str, *, use_bias: bool, part: str = "") -> Tensor:
    call.need_channels_last()
    kernel, padding = pair(call.get("kernel_size"), "kernel_size"), str(call.get("padding", "valid"))
    window = call.window(kernel, padding, dilation_rate=call.get("dilation_rate", 1))
    return call.add(
        layers.DepthwiseConv2D,
        window=window,
        part=part,
        kernel_size=kernel,
        strides=window.strides,
        padding=padding,
        dilation_rate=window.dilation_rate,
        depth_multiplier=int(call.get("depth_multiplier", 1)),
        use_bias=use_bias,
        depthwise_initializer=call.initializer(initializer, "glorot_uniform"),
    )


def separable_conv2d(call: Call) -> Tensor:
    """`SeparableConv2D` in two nodes: `.depthwise`, and the pointwise convolution under the layer's name."""
    x = _depthwise(call, "depthwise_initializer", use_bias=False, part="depthwise")
    x = call.add(
        layers.Conv2D,
        x,
        filters=int(call.get("filters")),
        kernel_size=1,
        use_bias=bool(call.get("use_bias", True)),
        kernel_initializer=call.initializer("pointwise_initializer", "glorot_uniform"),
        bias_initializer=call.initializer("bias_initializer", "zeros"),
    )
    return with_activation(call, x)


def conv2d_transpose(call: Call) -> Tensor:
    """`Conv2DTranspose` with padding same, or without padding where its kernel is as large as its stride."""
    call.need_channels_last()
    call.refuse("output_padding")
    kernel, strides = pair(call.get("kernel_size"), "kernel_size"), pair(call.get("strides", 1), "strides")
    if pair(call.get("dilation_rate", 1), "dilation_rate") != (1, 1):
        raise Problem("a dilated transposed convolution has no rule")
    padding = str(call.get("padding", "valid"))
    if call.x.stride % strides[0]:  # it makes a map finer than the image, whose stride has no number: coarser counts
        call.x.stride *= strides[0]
    x = call.add(
        layers.Conv2DTranspose,
        filters=int(call.get("filters")),
        kernel_size=kernel,
        strides=strides,
        padding="same" if kernel == strides else padding,  # then nothing overlaps, and both are the same
        use_bias=bool(call.get("use_bias", True)),
        kernel_initializer=call.initializer("kernel_initializer", "glorot_uniform"),
        bias_initializer=call.initializer("bias_initializer", "zeros"),
    )
    return with_activation(call, x)


def dense(call: Call) -> Tensor:
    """`Dense`, of tensors of any rank."""
    x = call.add(
        layers.Dense,
        units=int(call.get("units")),
        use_bias=bool(call.get("use_bias", True)),
        kernel_initializer=call.initializer("kernel_initializer", "glorot_uniform"),
        bias_initializer=call.initializer("bias_initializer", "zeros"),
    )
    return with_activation(call, x)


LAYERS = {
    "Conv2D": conv2d,
    "Conv2DTranspose": conv2d_transpose,
    "Dense": dense,
    "DepthwiseConv2D": depthwise_conv2d,
    "SeparableConv2D": separable_conv2d,
}
