"""How the layers of a Keras model are wired, as its configuration says: names, references, nested models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from archspec.errors import Problem
from archspec.keras_model.call import Constant

TENSOR, CONSTANTS, SLICE = "__keras_tensor__", ("__numpy__", "__tensor__"), "__slice__"
OLD = "Load it in Keras 3 and save it again"


class Reference(NamedTuple):
    """One output of one use of a layer; `shape` is what Keras wrote down of it, without the batch, if anything."""

    layer: str
    node: int
    output: int
    shape: tuple[int | None, ...] | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        """What values are kept under."""
        return self.layer, self.node, self.output


class Use(NamedTuple):
    """One use of a layer: its place in the configuration, the number of the use, and what it is called with."""

    layer: Mapping[str, Any]
    node: int
    arguments: list[Any]
    options: Mapping[str, Any]


def uses_of(config: Mapping[str, Any]) -> list[Use]:
    """Every use of every layer of a functional model, in the order of the configuration. Raises `Problem`."""
    found = []
    for layer in config["layers"]:
        for number, node in enumerate(layer.get("inbound_nodes", ())):
            if not isinstance(node, Mapping):
                raise Problem("its layers are wired as Keras 2 wrote it", OLD)
            arguments = [parsed(one) for one in node.get("args", ())]
            found.append(Use(layer, number, arguments, {k: parsed(v) for k, v in node.get("kwargs", {}).items()}))
    return found


def parsed(value: Any) -> Any:
    """An argument as written: references, constants and slices by their classes, the rest as it is."""
    if isinstance(value, Mapping):
        kind, inside = value.get("class_name"), value.get("config")
        if kind == TENSOR and isinstance(inside, Mapping):
            layer, node, index = inside["keras_history"]
            shape = inside.get("shape")
            return Reference(str(layer), int(node), int(index), None if shape is None else tuple(shape[1:]))
        if kind in CONSTANTS and isinstance(inside, Mapping):
            return Constant(inside["value"], shape_of(inside["value"]))
        if kind == SLICE and isinstance(inside, Mapping):
            return slice(inside["start"], inside["stop"], inside["step"])
        if kind == "__ellipsis__":
            return ...
        return {key: parsed(item) for key, item in value.items()}
    return [parsed(item) for item in value] if isinstance(value, list) else value


def shape_of(numbers: Any) -> tuple[int, ...]:
    """The shape of nested lists."""
    return (len(numbers), *shape_of(numbers[0])) if isinstance(numbers, list) and numbers else ()


def references(value: Any) -> Iterator[Reference]:
    """Every reference in what a use is called with."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def replaced(value: Any, of: Callable[[Reference], Any]) -> Any:
    """What a use is called with, each reference as what it stands for."""
    if isinstance(value, Reference):
        return of(value)
    if isinstance(value, Mapping):
        return {key: replaced(item, of) for key, item in value.items()}
    return [replaced(item, of) for item in value] if isinstance(value, list) else value


def ends(value: Any) -> list[Reference]:
    """The inputs or outputs of a model: `[name, node, index]`, or lists or mappings of these."""
    if isinstance(value, Mapping):
        return [one for item in value.values() for one in ends(item)]
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        return [Reference(value[0], int(value[1]), int(value[2]))]
    return [one for item in value for one in ends(item)] if isinstance(value, list) else []


def input_shape(config: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    """The shape that an `InputLayer` is of, without the batch."""
    inside = config.get("config", {})
    shape = inside.get("batch_shape") or inside.get("batch_input_shape") or inside.get("build_input_shape")
    return None if not isinstance(shape, list) else tuple(shape[1:])


def input_layers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entrances of a model; of a Sequential one its first layer. Raises `Problem` where it was never built."""
    inside = model["config"]
    if "input_layers" in inside:
        names = [one.layer for one in ends(inside["input_layers"])]
        by_name = {layer.get("name") or layer["config"].get("name"): layer for layer in inside["layers"]}
        return [by_name[name] for name in names]
    first = inside["layers"][0] if inside["layers"] else {}
    if first.get("class_name") == "InputLayer":
        return [first]
    shape = inside.get("build_input_shape") or model.get("build_config", {}).get("input_shape")
    if not isinstance(shape, list):
        raise Problem("the shape of its image is not in it", "Begin the model with keras.Input((height, width, 3))")
    return [{"class_name": "InputLayer", "name": "input", "config": {"batch_shape": shape, "dtype": "float32"}}]


def layer_name(layer: Mapping[str, Any]) -> str:
    """What a layer is called."""
    return str(layer.get("name") or layer["config"]["name"])


def stored_layers(model: Mapping[str, Any], path: str = "", group: str = "") -> dict[str, str]:
    """Where Keras keeps the arrays of each layer in a model's file of weights: the group by the layer's path.

    `a.b` is the layer `b` of the nested model `a`.
    """
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for layer in model["config"]["layers"]:
        stem = snake_case(str(layer["class_name"]))
        taken[stem] = taken.get(stem, -1) + 1
        inside = f"{group}layers/{stem}_{taken[stem]}" if taken[stem] else f"{group}layers/{stem}"
        inner = f"{path}.{layer_name(layer)}" if path else layer_name(layer)
        if isinstance(layer["config"].get("layers"), list):
            found |= stored_layers(layer, inner, f"{inside}/")
        else:
            found[inner] = inside
    return found


def snake_case(name: str) -> str:
    """`DepthwiseConv2D` as `depthwise_conv2d`, by Keras's rule."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
