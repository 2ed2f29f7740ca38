"""The layers of archspec's own Keras models: the same class with the same arguments."""

from __future__ import annotations

from archspec import catalog
from archspec.graph import layers
from archspec.keras_model.call import Call, Outputs

_OF_KERAS = ("dtype", "name", "trainable")


def own(call: Call) -> Outputs:
    """The layer that the model was made from."""
    given = {key: value for key, value in call.config.items() if key not in _OF_KERAS}
    layer = getattr(layers, call.kind)
    if call.kind == "Resize":
        given["stride"] = max(1, round(call.x.stride * call.x.size[0] / given["size"][0]))
    return list(call.node(layer(**given, name=call.name), call.tensors).outputs)


LAYERS = {file.title().replace("_", ""): own for file in catalog.members("keras_layers")}
