"""The weights of keras.applications' networks, by layer and array; Keras downloads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.errors import Place, user_error
from archspec.lower.framework import keras
from archspec.lower.quiet import quiet

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

CLASSES = {
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3_large": "MobileNetV3Large",
    "mobilenet_v3_small": "MobileNetV3Small",
}


def application_weights(network: str, width: float, source: str | None = "imagenet") -> dict[str, Array]:
    """`layer/array` -> array, without the classifier. `source` is `imagenet` (downloaded), a file, or None (random).

    Raises `UserError` when they cannot be downloaded, or the file does not fit.
    """
    builder = getattr(keras.applications, CLASSES[network])
    try:
        with quiet():
            model = builder(input_shape=(224, 224, 3), alpha=width, include_top=False, weights=source)
    except Exception as error:  # Keras raises plain exceptions, for a failed download too
        fact = next(iter(str(error).strip().splitlines()), type(error).__name__)
        remedy = (
            "Keras keeps downloads in ~/.keras/models: fetch the _no_top.h5 file where there is a network, and name it"
            if source == "imagenet"
            else "Name the _no_top.h5 file of just this network and width"
        )
        raise user_error(
            f"the weights of {CLASSES[network]} {width} cannot be had ({fact})", remedy, place=Place(source or network)
        ) from error
    return {f"{layer.name}/{one.name}": one.numpy() for layer in model.layers for one in layer.weights}
