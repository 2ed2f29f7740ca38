"""A Keras model as a plain function of arrays, up to any of its layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.lower.framework import keras, tf

Array = np.ndarray[Any, Any]


def function_to(model: Any, layer: str) -> Callable[[Array], Array]:
    """Image `(N, H, W, C)` -> what the layer of that name gives at inference. Later changes of the weights are seen."""
    part = keras.Model(model.input, model.get_layer(layer).output)

    @tf.function(reduce_retracing=True)
    def run(images: Any) -> Any:
        return part(images, training=False)

    return lambda images: np.asarray(run(tf.constant(images)))
