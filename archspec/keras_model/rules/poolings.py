"""Pooling: windows that slide, means and maxima of the whole map, grids of a fixed size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layer import Layer, pair
from archspec.keras_model.call import Call
from archspec.keras_model.rules.shapes import axes_of

MAP_AXES = 3


def _sliding(call: Call, layer: Callable[..., Layer]) -> Tensor:
    """A window; among dilated convolutions it is as large as what they reach over, since no pooling is dilated."""
    call.need_channels_last()
    size, padding = pair(call.get("pool_size", 2), "pool_size"), str(call.get("padding", "valid"))
    window = call.window(size, padding)
    reach = tuple((side - 1) * rate + 1 for side, rate in zip(size, window.dilation_rate, strict=True))
    return call.add(layer, window=window, pool_size=reach, strides=window.strides, padding=padding)


def max_pooling(call: Call) -> Tensor:
    """`MaxPooling2D`."""
    return _sliding(call, layers.MaxPooling2D)


def average_pooling(call: Call) -> Tensor:
    """`AveragePooling2D`."""
    return _sliding(call, layers.AveragePooling2D)


def _whole(call: Call, layer: Callable[..., Layer], keepdims: bool) -> Tensor:
    call.need_channels_last()
    x = call.add(layer)
    return x if keepdims else call.add(layers.Reshape, x, part="flat", target_shape=x.shape[-1:])


def global_average_pooling(call: Call) -> Tensor:
    """`GlobalAveragePooling2D`."""
    return _whole(call, layers.GlobalAveragePooling2D, bool(call.get("keepdims")))


def global_max_pooling(call: Call) -> Tensor:
    """`GlobalMaxPooling2D`."""
    return _whole(call, layers.GlobalMaxPooling2D, bool(call.get("keepdims")))


def adaptive_average_pooling(call: Call) -> Tensor:
    """`AdaptiveAveragePooling2D` to a grid that divides the map: of others Keras has windows of its own."""
    call.need_channels_last()
    size, x = pair(call.get("output_size"), "output_size"), call.x
    if len(x.shape) != MAP_AXES or any(side % cells for side, cells in zip(x.size, size, strict=True)):
        raise Problem(f"a grid of {list(size)} on a map of {list(x.shape)} has no rule", "Use one that divides the map")
    return call.add(layers.AdaptiveAveragePooling2D, output_size=size)


def _axes(call: Call) -> list[int]:
    """The axes of `ops.mean` and its like, all of an image's where none is named."""
    axes: Any = call.given(1, "axis")
    found = list(range(1, len(call.x.shape) + 1)) if axes is None else [axes] if isinstance(axes, int) else list(axes)
    return [at + 1 for at in axes_of(found, call.x)]


def mean(call: Call) -> Tensor:
    """`ops.mean`."""
    return call.add(layers.Mean, axes=_axes(call), keepdims=bool(call.given(2, "keepdims")))


def total(call: Call) -> Tensor:
    """`ops.sum`."""
    return call.add(layers.Sum, axes=_axes(call), keepdims=bool(call.given(2, "keepdims")))


def maximum(call: Call) -> Tensor:
    """`ops.max` over height and width."""
    axes = _axes(call)
    if len(call.x.shape) != MAP_AXES or sorted(axes) != [1, 2]:
        raise Problem(f"the maximum over the axes {axes} has no rule", "Take it over height and width: (1, 2)")
    return _whole(call, layers.GlobalMaxPooling2D, bool(call.given(2, "keepdims")))


LAYERS = {
    "AdaptiveAveragePooling2D": adaptive_average_pooling,
    "AveragePooling2D": average_pooling,
    "GlobalAveragePooling2D": global_average_pooling,
    "GlobalMaxPooling2D": global_max_pooling,
    "MaxPooling2D": max_pooling,
}
OPERATIONS = {
    "AveragePool": average_pooling,
    "Amax": maximum,
    "Max": maximum,
    "MaxPool": max_pooling,
    "Mean": mean,
    "Sum": total,
}
