"""Files of Keras and TensorFlow: `.keras` and SavedModel, each written whole or not at all; checkpoints; weights."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.errors import Place, first_line, user_error
from archspec.files import cache_folder, check_keras_file, is_file
from archspec.lower.framework import keras, quiet, tf
from archspec.record import SAVED_MODEL, foreign_in, replacing_folder, temporary_folder, write_bytes

OFFLINE = "Keras keeps downloads in ~/.keras/models: fetch the _no_top.h5 file where there is a network, and name it"
CLASSES = {
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3_large": "MobileNetV3Large",
    "mobilenet_v3_small": "MobileNetV3Small",
}


def save_keras(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model as one `.keras` file, atomically; `load_keras` reads it.

    Whoever has imported `archspec.lower` may also use `keras.models.load_model`. Raises `UserError` when the name
    does not end in `.keras` or the file cannot be written.
    """
    _check_is_model(model)
    target = Path(path)
    if target.suffix != ".keras":
        remedy = f"Use {target.with_suffix('.keras')}"
        raise user_error("a Keras model's file name ends in .keras", remedy, place=_at(target))
    with temporary_folder() as folder:
        complete = folder / "model.keras"
        model.save(complete)
        write_bytes(target, complete.read_bytes())


def keep_keras(model: Any) -> Path:
    """The file of a model in the user's cache, named by what is in the model; written where it is not there yet.

    Raises `UserError` for a model that Keras cannot save.
    """
    _check_is_model(model)
    if not model.built:
        raise user_error("a model that was never built", "Call it on an image once, or give it a keras.Input")
    found = hashlib.blake2b(model.to_json().encode(), digest_size=8)
    for variable in model.weights:
        found.update(np.ascontiguousarray(variable.numpy()).tobytes())
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", model.name)[:60] or "model"
    path = cache_folder("keras_models") / f"{name}-{found.hexdigest()}.keras"
    if not is_file(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        save_keras(model, path)
    return path


def _check_is_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        fact = f"not a Keras model ({type(model).__name__})"
        raise user_error(fact, "Give a functional or Sequential keras.Model, or a .keras file")


def load_keras(path: str | os.PathLike[str]) -> Any:
    """The `keras.Model` in a `.keras` file. Raises `UserError` when there is none or it cannot be read."""
    source = Path(path)
    check_keras_file(source)
    try:
        return keras.models.load_model(source)
    except Exception as error:  # Keras raises anything: a bad zip, a missing class, a changed layer
        fact = f"cannot be loaded as a Keras model ({first_line(error)})"
        raise user_error(fact, "Save it again", place=_at(source)) from error


def save_saved_model(model: Any, folder: str | os.PathLike[str]) -> None:
    """Write a model as a SavedModel folder with the signature `serve`, batch size free; an old one is replaced.

    The folder appears under its name only when it is complete. Raises `UserError` when it cannot be written, or when
    something else than a SavedModel stands there.
    """
    with replacing_folder(Path(folder), _check_saved_model) as new, quiet():
        model.export(new, verbose=False)


def _check_saved_model(folder: Path) -> None:
    if any(folder.iterdir()) and not is_file(folder / "saved_model.pb"):
        raise user_error("is there already, and is no SavedModel", "Name another folder", place=_at(folder))
    if foreign := foreign_in(folder, SAVED_MODEL):
        fact = f"holds '{foreign}', which is no part of a SavedModel"
        raise user_error(fact, "Move it away, or name another folder", place=_at(folder))


def _at(path: Path) -> Place:
    return Place(os.fspath(path))


def application_weights(network: str, width: float, source: str | None = "imagenet") -> dict[str, Array]:
    """`layer/array` -> array, without the classifier. `source` is `imagenet` (downloaded), a file, or None (random).

    Raises `UserError` when they cannot be downloaded, or the file does not fit.
    """
    builder = getattr(keras.applications, CLASSES[network])
    try:
        with quiet():
            model = builder(input_shape=(224, 224, 3), alpha=width, include_top=False, weights=source)
    except Exception as error:  # Keras raises plain exceptions, for a failed download too
        fact = f"the weights of {CLASSES[network]} {width} cannot be had ({first_line(error)})"
        remedy = OFFLINE if source == "imagenet" else "Name the _no_top.h5 file of just this network and width"
        raise user_error(fact, remedy, place=Place(source or network)) from error
    return {f"{layer.name}/{one.name}": one.numpy() for layer in model.layers for one in layer.weights}


def read_checkpoint(prefix: str, path: str | None = None) -> dict[str, Array]:
    """Variable name -> array, of the checkpoint of a prefix or in a folder; `path` is what its user calls it.

    Raises `UserError` when it cannot be read.
    """
    try:
        with quiet():
            reader = tf.train.load_checkpoint(prefix)
            return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except Exception as error:  # TensorFlow raises its own types, and ValueError for a folder without any
        fact = f"cannot be read as a TensorFlow checkpoint ({first_line(error)})"
        remedy = "Name its prefix; .index and .data files belong together"
        raise user_error(fact, remedy, place=Place(path or prefix)) from error
