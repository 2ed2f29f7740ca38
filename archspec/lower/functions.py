"""A Keras model as a plain function of arrays, up to any of its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.lower.framework import keras, tf
from archspec.lower.layers import own_layer

Array = np.ndarray[Any, Any]


def function_to(model: Any, layer: str) -> Callable[[Array], Array]:
    """Image `(N, H, W, C)` -> what the layer of that name gives at inference. Later changes of the weights are seen."""
    part = keras.Model(model.input, model.get_layer(layer).output)

    @tf.function(reduce_retracing=True)
    def run(images: Any) -> Any:
        return part(images, training=False)

    return lambda images: np.asarray(run(tf.constant(images)))


def places_of(model: Any) -> Callable[[Array], list[Array]] | None:
    """Image `(N, H, W, C)` -> where each pooling that is undone later found its maxima, in execution order.

    None for a model that undoes none.
    """
    read = {id(layer.input[1]) for layer in model.layers if isinstance(layer, own_layer("MaxUnpooling"))}
    pools = [layer for layer in model.layers if isinstance(layer, own_layer("MaxPoolingWithIndices"))]
    outputs = [layer.output[1] for layer in pools if id(layer.output[1]) in read]
    if not outputs:
        return None
    part = keras.Model(model.input, outputs)

    @tf.function(reduce_retracing=True)
    def run(images: Any) -> Any:
        return part(images, training=False)

    return lambda images: [np.asarray(one) for one in run(tf.constant(images))]
