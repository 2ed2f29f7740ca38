"""A Keras model's logits, and the last feature map before them."""

from __future__ import annotations

from typing import Any

from archspec.errors import Place, nearest, user_error

Layers = dict[int, Any]


def ending_in_logits(model: Any, name: str) -> Any:
    """The model without the layers that make labels or probabilities of its logits.

    Raises `UserError` for what is not one image to one map `(N, h, w, classes)`, or has no logits.
    """
    from archspec.lower.framework import keras
    from archspec.lower.layers import own_layer

    place = Place(name)
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.inputs[0].shape) != 4:
        fact = f"has {len(model.inputs)} inputs and {len(model.outputs)} outputs"
        raise user_error(fact, "A model of one image and one output can be explained", place=place)
    end, makers = model.outputs[0], _makers(model)
    while isinstance(makers[id(end)], own_layer("ArgMax") | keras.layers.Softmax):
        end = makers[id(end)].input
    last = makers[id(end)]
    if len(end.shape) != 4 or not str(end.dtype).startswith(("float", "bfloat")):
        fact = f"gives {list(end.shape)} of {end.dtype}, not logits (N, H, W, classes)"
        raise user_error(fact, "Save the model with its logits for output", place=place)
    activation = getattr(last, "activation", keras.activations.linear)
    if activation in (keras.activations.softmax, keras.activations.sigmoid):
        last.activation = keras.activations.linear  # of the model just loaded, so nobody else's
    elif activation is not keras.activations.linear and last.weights:
        fact = f"ends in the activation {getattr(activation, '__name__', activation)}, so it has no logits"
        raise user_error(fact, "Save the model with its logits for output", place=place)
    return model if end is model.outputs[0] else keras.Model(model.inputs[0], end, name=model.name)


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
    from archspec.lower.framework import keras
    from archspec.lower.layers import own_layer

    makers, classes = _makers(model), model.outputs[0].shape[-1]
    features: list[Any] = []
    stack = [model.outputs[0]]
    while stack:
        layer = makers[id(stack.pop())]
        inputs = _inputs(layer, own_layer("Unread"))
        (features if _makes_scores(layer, inputs, classes, keras) else stack).extend(inputs)
    found = [_before_dropout(makers[id(tensor)], makers, keras) for tensor in features]
    return str(max(found, key=model.layers.index).name) if found else str(model.layers[-1].name)


def check_layer(model: Any, name: str) -> str:
    """The name of a layer whose output is a map `(N, h, w, C)` of numbers. Raises `UserError`."""
    place = Place("--layer")
    maps = [layer.name for layer in model.layers if _is_map(layer.output)]
    if name in maps:
        return name
    if any(layer.name == name for layer in model.layers):
        raise user_error(f"layer '{name}' does not give one map (N, h, w, C) of numbers", "", place=place)
    near = [one for one in maps if one.startswith(f"{name}.")]  # a block: its last layer is meant
    remedy = f"Did you mean '{near[-1]}'?" if near else nearest(name, maps)
    raise user_error(f"the network has no layer '{name}'", remedy, place=place)


def _is_map(output: Any) -> bool:
    return not isinstance(output, list | tuple) and len(output.shape) == 4 and "float" in str(output.dtype)


def _makers(model: Any) -> Layers:
    """The layer that makes each tensor, by the tensor's id; the models of archspec are flat."""
    return {
        id(tensor): layer
        for layer in model.layers
        for tensor in (layer.output if isinstance(layer.output, list | tuple) else [layer.output])
    }


def _inputs(layer: Any, unread: Any) -> list[Any]:
    if not layer._inbound_nodes or not layer._inbound_nodes[0].parent_nodes:
        return []
    inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    return list(inputs[:1] if isinstance(layer, unread) else inputs)


def _makes_scores(layer: Any, inputs: list[Any], classes: int, keras: Any) -> bool:
    """A convolution from features; a transposed one from classes to classes only enlarges scores."""
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return bool(inputs[0].shape[-1] != classes)
    return isinstance(layer, keras.layers.Conv2D | keras.layers.SeparableConv2D | keras.layers.Dense)


def _before_dropout(layer: Any, makers: Layers, keras: Any) -> Any:
    while isinstance(layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
        layer = makers[id(layer.input)]
    return layer
