"""Normalisation by statistics: of batches, layers and groups; of a data set; scales of channels; fixed rescalings."""

from __future__ import annotations

from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.keras_model.call import Call
from archspec.keras_model.rules.shapes import axes_of

SMALLEST_DEVIATION = 1e-7  # Keras's epsilon, which keeps `Normalization` from dividing by zero


def _need_last_axis(call: Call) -> None:
    axis = call.get("axis", -1)
    if axes_of(axis, call.x) != [len(call.x.shape) - 1]:
        raise Problem(f"normalisation of the axes {axis} has no rule", "Normalise the last one: axis=-1")


def batch_normalization(call: Call) -> Tensor:
    """`BatchNormalization`."""
    _need_last_axis(call)
    call.refuse("renorm")
    return call.add(
        layers.BatchNormalization,
        momentum=float(call.get("momentum", 0.99)),
        epsilon=float(call.get("epsilon", 1e-3)),
        center=bool(call.get("center", True)),
        scale=bool(call.get("scale", True)),
    )


def layer_normalization(call: Call) -> Tensor:
    """`LayerNormalization`, over any axes of one image."""
    call.refuse("rms_scaling")
    axis = call.get("axis", -1)
    axes = [axis] if isinstance(axis, int) else list(axis)
    return call.add(
        layers.LayerNormalization,
        axis=axes[0] if len(axes) == 1 else tuple(axes),
        epsilon=float(call.get("epsilon", 1e-3)),
        center=bool(call.get("center", True)),
        scale=bool(call.get("scale", True)),
    )


def group_normalization(call: Call) -> Tensor:
    """`GroupNormalization` of channels."""
    _need_last_axis(call)
    return call.add(
        layers.GroupNormalization,
        groups=int(call.get("groups", 32)),
        epsilon=float(call.get("epsilon", 1e-3)),
        center=bool(call.get("center", True)),
        scale=bool(call.get("scale", True)),
    )


def normalization(call: Call) -> Tensor:
    """`Normalization`: of numbers that stand in the model, a rescaling; of those that it was adapted to, arrays."""
    _need_last_axis(call)
    call.refuse("invert")
    mean, variance = call.get("mean"), call.get("variance")
    if mean is None:
        return call.add(layers.Normalization)
    means, variances = _each(mean, call.x.channels), _each(variance, call.x.channels)
    deviations = [max(one**0.5, SMALLEST_DEVIATION) for one in variances]
    scale = tuple(1 / one for one in deviations)
    offset = tuple(-one / deviation for one, deviation in zip(means, deviations, strict=True))
    return call.add(layers.Rescaling, scale=scale, offset=offset)


def _each(value: Any, channels: int) -> list[float]:
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, int | float):
        return [float(value)] * channels
    return [float(one) for one in value] * (channels if len(value) == 1 else 1)


def rescaling(call: Call) -> Tensor:
    """`Rescaling`."""
    scale, offset = (_number(call.get(key, usual)) for key, usual in (("scale", 1.0), ("offset", 0.0)))
    return call.add(layers.Rescaling, scale=scale, offset=offset)


def _number(value: Any) -> Any:
    if isinstance(value, dict):  # an array as Keras writes it down
        value = value.get("config", {}).get("value")
    return float(value) if isinstance(value, int | float) else tuple(float(one) for one in value)


def layer_scale(call: Call) -> Tensor:
    """`LayerScale` of ConvNeXt: a number for each channel, learnt."""
    return call.add(layers.LayerScale, initial_value=float(call.get("init_values", 1e-6)))


LAYERS = {
    "BatchNormalization": batch_normalization,
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "LayerScale": layer_scale,
    "Normalization": normalization,
    "Rescaling": rescaling,
}
