"""A Keras model's logits, and the last feature map before them."""

from __future__ import annotations

from typing import Any, NamedTuple

from archspec.errors import Place, nearest, user_error


def ending_in_logits(model: Any, name: str) -> Any:
    """The model without the layers that make labels or probabilities of its logits.

    Raises `UserError` for what is not one image to one map `(N, h, w, classes)`, or has no logits.
    """
    from archspec.lower.framework import keras
    from archspec.lower.layers import own_layer

    place = Place(name)
    image, end = _ends(model, place)
    origins = _origins(model)
    while isinstance(origins[id(end)].layer, own_layer("ArgMax") | keras.layers.Softmax):
        end = origins[id(end)].inputs[0]
    if len(end.shape) != 4 or "float" not in str(end.dtype):
        fact = f"gives {list(end.shape)} of {end.dtype}, not logits (N, H, W, classes)"
        raise user_error(fact, "Save the model with its logits for output", place=place)
    _make_linear(origins[id(end)].layer, place)
    if end is model.outputs[0] and not isinstance(model, keras.Sequential):
        return model
    return keras.Model(image, end, name=model.name)


def _ends(model: Any, place: Place) -> tuple[Any, Any]:
    """The image that comes in and the tensor that goes out."""
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4:
        fact = f"has {len(inputs)} inputs and {len(outputs)} outputs that Keras knows of"
        raise user_error(fact, "A functional model of one image and one output can be explained", place=place)
    return inputs[0], outputs[0]


def _make_linear(last: Any, place: Place) -> None:
    """The last layer without its softmax. It is of the model just loaded, so nobody else's."""
    from archspec.lower.framework import keras

    activation = getattr(last, "activation", keras.activations.linear)
    if activation in (keras.activations.softmax, keras.activations.sigmoid):
        last.activation = keras.activations.linear
    elif activation is not keras.activations.linear and last.weights:
        fact = f"ends in the activation {getattr(activation, '__name__', activation)}, so it has no logits"
        raise user_error(fact, "Save the model with its logits for output", place=place)


def in_float32(model: Any) -> tuple[Any, tuple[str, ...]]:
    """The model, or the same one in float32, and a note: what tf-keras-vis resizes maps with knows no bfloat16."""
    from archspec.lower.framework import keras

    found = {layer.compute_dtype for layer in model.layers} - {"float32"}
    if not found:
        return model, ()

    def plain(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    again = keras.models.clone_model(model, clone_function=plain)
    again.set_weights(model.get_weights())
    return again, (f"computed in float32, not in {', '.join(sorted(found))} as the model was saved",)


def last_features(model: Any) -> str:
    """The layer that gives the last feature map: what the classifier reads, before dropout.

    Back from the logits through all that resizes, adds or normalises scores, to the convolutions that make scores of
    features. Of several (a skip network has one at each stride) it is the one whose features come last.
    """
    origins, classes = _origins(model), model.outputs[0].shape[-1]
    features: list[Any] = []
    stack = [model.outputs[0]]
    while stack:
        origin = origins[id(stack.pop())]
        (features if _makes_scores(origin, classes) else stack).extend(origin.inputs)
    found = [_before_dropout(origins[id(tensor)], origins).layer for tensor in features]
    return str(max(found, key=model.layers.index).name) if found else str(model.layers[-1].name)


def check_layer(model: Any, name: str) -> str:
    """The name of a layer whose output is a map `(N, h, w, C)` of numbers. Raises `UserError`."""
    place = Place("--layer")
    maps = [layer.name for layer in model.layers if _gives_a_map(layer)]
    if name in maps:
        return name
    if any(layer.name == name for layer in model.layers):
        fact = f"layer '{name}' does not give one map (N, h, w, C) of numbers"
        remedy = "Name another; a layer that is used twice, or a model in the model, cannot be looked into"
        raise user_error(fact, remedy, place=place)
    near = [one for one in maps if one.startswith(f"{name}.")]  # a block: its last layer is meant
    remedy = f"Did you mean '{near[-1]}'?" if near else nearest(name, maps)
    raise user_error(f"the network has no layer '{name}'", remedy, place=place)


class Origin(NamedTuple):
    """The layer that makes a tensor, and what it reads for that."""

    layer: Any
    inputs: tuple[Any, ...]


def _origins(model: Any) -> dict[int, Origin]:
    """Of each tensor, by its id; a layer may be used several times. Of `Unread` only what is read."""
    from archspec.lower.layers import own_layer

    unread = own_layer("Unread")
    return {
        id(tensor): Origin(layer, tuple(node.input_tensors[: 1 if isinstance(layer, unread) else None]))
        for layer in model.layers
        for node in layer._inbound_nodes
        for tensor in node.output_tensors
    }


def _gives_a_map(layer: Any) -> bool:
    """Not a layer used twice (which of its maps would it be?), nor a model, whose output is of a graph of its own."""
    from archspec.lower.framework import keras

    if isinstance(layer, keras.Model):
        return False
    outputs = [tensor for node in layer._inbound_nodes for tensor in node.output_tensors]
    return len(outputs) == 1 and len(outputs[0].shape) == 4 and "float" in str(outputs[0].dtype)


def _makes_scores(origin: Origin, classes: int) -> bool:
    """A convolution from features; a transposed one from classes to classes only enlarges scores."""
    from archspec.lower.framework import keras

    if isinstance(origin.layer, keras.layers.Conv2DTranspose):
        return bool(origin.inputs[0].shape[-1] != classes)
    return isinstance(origin.layer, keras.layers.Conv2D | keras.layers.SeparableConv2D | keras.layers.Dense)


def _before_dropout(origin: Origin, origins: dict[int, Origin]) -> Origin:
    from archspec.lower.framework import keras

    while isinstance(origin.layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
        origin = origins[id(origin.inputs[0])]
    return origin
