"""The layers of archspec's own Keras models: the same class with the same arguments."""

from __future__ import annotations

import inspect

from archspec import catalog
from archspec.graph import layers
from archspec.keras_model.call import Call, Outputs


def own(call: Call) -> Outputs:
    """The layer that the model was made from."""
    layer = getattr(layers, call.kind)
    taken = inspect.signature(layer.__init__).parameters
    given = {key: value for key, value in call.config.items() if key in taken and key != "name"}
    if call.kind == "Resize":  # in a graph it knows the stride of what it is resized to
        given["stride"] = max(1, round(call.x.stride * call.x.size[0] / given["size"][0]))
    return list(call.node(layer(**given, name=call.name), call.tensors).outputs)


LAYERS = {file.title().replace("_", ""): own for file in catalog.members("keras_layers")}
