"""Activations in every form: a layer, an argument `activation`, an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.graph.layers.activation import NAMES, OTHER_NAMES
from archspec.keras_model.call import Call

SIX = 6.0
_SLOPE = 0.2  # of the function `leaky_relu`; of the layer it is 0.3
_EPSILON = 1e-6  # of a comparison of slopes and limits
_REMEDY = f"One of relu, relu6, leaky_relu, softmax, linear, {', '.join((*NAMES, *OTHER_NAMES))}"


def activated(call: Call, x: Tensor, activation: Any, part: str = "") -> Tensor:
    """`x` through an activation as configurations name it: a word, or a layer or a function with its arguments."""
    if isinstance(activation, Mapping):
        kind, inside = str(activation.get("class_name")), activation.get("config")
        if kind == "function":
            return activated(call, x, inside if isinstance(inside, str) else activation, part)
        rule = _OF_LAYERS.get(kind)
        if rule is None or not isinstance(inside, Mapping):
            raise Problem(f"the activation {activation.get('registered_name') or kind} has no rule", _REMEDY)
        return rule(call, x, inside, part)
    word = "linear" if activation is None else str(activation)
    if word == "linear":
        return x
    if word == "relu":
        return call.add(layers.ReLU, x, part=part)
    if word == "relu6":
        return call.add(layers.ReLU, x, part=part, max_value=SIX)
    if word == "leaky_relu":
        return call.add(layers.LeakyReLU, x, part=part, negative_slope=_SLOPE)
    if word == "softmax":
        return call.add(layers.Softmax, x, part=part)
    if word not in NAMES and word not in OTHER_NAMES:
        raise Problem(f"the activation {word} has no rule", _REMEDY)
    return call.add(layers.Activation, x, part=part, activation=word)


def with_activation(call: Call, x: Tensor) -> Tensor:
    """`x` through the layer's own argument `activation`."""
    return activated(call, x, call.get("activation"), part="activation")


def _relu(call: Call, x: Tensor, config: Mapping[str, Any], part: str = "") -> Tensor:
    most, slope = config.get("max_value"), float(config.get("negative_slope") or 0.0)
    if config.get("threshold"):
        raise Problem(f"a ReLU with the threshold {config['threshold']} has no rule", "Leave the threshold at 0")
    if most is None:
        if slope:
            return call.add(layers.LeakyReLU, x, part=part, negative_slope=slope)
        return call.add(layers.ReLU, x, part=part)
    if slope:
        raise Problem(f"a leaky ReLU with max_value {most} has no rule")
    return _clipped(call, x, float(most), part)


def _clipped(call: Call, x: Tensor, most: float, part: str) -> Tensor:
    """0 to `most`: ReLU6, scaled there and back where it is another number than 6."""
    if abs(most - SIX) < _EPSILON:
        return call.add(layers.ReLU, x, part=part, max_value=SIX)
    if most <= 0:
        raise Problem(f"a ReLU with max_value {most:g} has no rule", "It must be above 0")
    inside = part or "clipped"
    x = call.add(layers.Rescaling, x, part=f"{inside}.scaled", scale=SIX / most)
    x = call.add(layers.ReLU, x, part=f"{inside}.relu6", max_value=SIX)
    return call.add(layers.Rescaling, x, part=part, scale=most / SIX)


def _leaky(call: Call, x: Tensor, config: Mapping[str, Any], part: str = "") -> Tensor:
    slope = config.get("negative_slope", config.get("alpha", 0.3))
    return call.add(layers.LeakyReLU, x, part=part, negative_slope=float(slope))


def _elu(call: Call, x: Tensor, config: Mapping[str, Any], part: str = "") -> Tensor:
    if float(config.get("alpha", 1.0)) != 1.0:
        raise Problem(f"an ELU with alpha {config['alpha']} has no rule", "Runtimes have alpha 1 only")
    return call.add(layers.Activation, x, part=part, activation="elu")


def _softmax(call: Call, x: Tensor, config: Mapping[str, Any], part: str = "") -> Tensor:
    axis = config.get("axis", -1)
    if not isinstance(axis, int):
        if len(axis) != 1:
            raise Problem(f"a softmax over the axes {axis} has no rule", "Take it over one axis")
        axis = axis[0]
    return call.add(layers.Softmax, x, part=part, axis=-1 if axis == len(x.shape) else axis)


def _named(call: Call, x: Tensor, config: Mapping[str, Any], part: str = "") -> Tensor:
    return activated(call, x, config.get("activation"), part)


_OF_LAYERS = {
    "Activation": _named, "ELU": _elu, "LeakyReLU": _leaky, "ReLU": _relu, "Softmax": _softmax,
}  # fmt: skip


def layer(call: Call) -> Tensor:
    """`Activation`, `ReLU`, `LeakyReLU`, `ELU`, `Softmax`."""
    return _OF_LAYERS[call.kind](call, call.x, call.config)


def prelu(call: Call) -> Tensor:
    """`PReLU` of one slope a channel."""
    if len(call.x.shape) != 3 or sorted(call.get("shared_axes") or ()) != [1, 2]:
        raise Problem("a PReLU with a slope for each place has no rule", "Build it with shared_axes=[1, 2]")
    return call.add(layers.PReLU)


def operation(call: Call) -> Tensor:
    """An operation that has the name of an activation: `ops.relu`, `ops.silu`, …"""
    words = {"Relu": "relu", "Relu6": "relu6", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "Silu": "silu",
             "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Exp": "exponential"}  # fmt: skip
    return activated(call, call.x, words[call.kind])


def gelu(call: Call) -> Tensor:
    """`ops.gelu`, whose default is the approximation."""
    return activated(call, call.x, "gelu_tanh" if call.given(1, "approximate", True) else "gelu")


def leaky_relu(call: Call) -> Tensor:
    """`ops.leaky_relu`."""
    return _leaky(call, call.x, {"negative_slope": call.given(1, "negative_slope", _SLOPE)})


def elu(call: Call) -> Tensor:
    """`ops.elu`."""
    return _elu(call, call.x, {"alpha": call.given(1, "alpha", 1.0)})


def softmax(call: Call) -> Tensor:
    """`ops.softmax`."""
    return _softmax(call, call.x, {"axis": call.given(1, "axis", -1)})


def clip(call: Call) -> Tensor:
    """`ops.clip` from 0."""
    least, most = call.given(1, "x_min"), call.given(2, "x_max")
    if least != 0 or not isinstance(most, int | float):
        raise Problem(f"a clip to {least} .. {most} has no rule", "Clip from 0")
    return _clipped(call, call.x, float(most), "")


LAYERS = {**dict.fromkeys(_OF_LAYERS, layer), "PReLU": prelu}
OPERATIONS = {
    **dict.fromkeys(
        ("Exp", "HardSigmoid", "HardSilu", "Relu", "Relu6", "Sigmoid", "Silu", "Softplus", "Tanh"), operation
    ),
    "Clip": clip,
    "Elu": elu,
    "Gelu": gelu,
    "LeakyRelu": leaky_relu,
    "Softmax": softmax,
}
