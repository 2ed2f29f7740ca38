"""The networks of `keras.applications` in Keras: their configurations, and weights that are published or in a file.

`python -m archspec.lower.applications '["MobileNetV2", 224, 224, 3, 1.0, false, false, false]'` prints a configuration.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from archspec.arrays import Array
from archspec.errors import Place, first_line, user_error
from archspec.keras_model.applications import Application
from archspec.lower.files import OFFLINE
from archspec.lower.framework import keras, quiet


def application_model(one: Application, weights: str | None) -> Any:
    """The `keras.Model`. `weights` is `imagenet` (downloaded), a file, or None: freshly initialised."""
    return getattr(keras.applications, one.name)(**one.arguments, weights=weights)


def config_of(one: Application) -> str:
    """Its configuration as JSON; as for published weights, none of which are fetched."""
    with quiet():
        if not one.published:
            model = application_model(one, None)
        else:
            with _nothing_fetched():
                model = application_model(one, "imagenet")
        return json.dumps(keras.saving.serialize_keras_object(model))


@contextmanager
def _nothing_fetched() -> Iterator[None]:
    """Inside, files are not downloaded and weights not loaded."""
    from keras.src.utils import file_utils

    with (
        mock.patch.object(file_utils, "get_file", lambda *_, **__: ""),
        mock.patch.object(keras.Model, "load_weights", lambda *_, **__: None),
    ):
        yield


def application_arrays(one: Application, weights: str) -> dict[tuple[str, str, int], Array]:
    """`(layer, "", number) -> array` of the network with weights `imagenet`, or those in one of Keras's own .h5 files.

    Raises `UserError` where they cannot be downloaded, or do not fit.
    """
    try:
        with quiet():
            model = application_model(one, weights)
    except Exception as error:  # Keras raises plain exceptions, for a failed download too
        fact = f"the weights of {one.name} cannot be had ({first_line(error)})"
        remedy = OFFLINE if weights == "imagenet" else f"Name the _notop.h5 file of {one.name}, or a .keras file"
        raise user_error(fact, remedy, place=Place(weights)) from error
    return dict(_arrays(model, ""))


def _arrays(model: Any, path: str) -> Iterator[tuple[tuple[str, str, int], Array]]:
    for layer in model.layers:
        inner = f"{path}.{layer.name}" if path else layer.name
        if isinstance(layer, keras.Model):
            yield from _arrays(layer, inner)
        else:
            for index, variable in enumerate(layer.weights):
                yield (inner, "", index), np.array(variable.numpy(), np.float32)


if __name__ == "__main__":
    sys.stdout.write(config_of(Application(*json.loads(sys.argv[1]))))
