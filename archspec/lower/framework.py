"""The one place where Keras and TensorFlow come in: quiet, with the TensorFlow backend, or with a clear refusal."""

from __future__ import annotations

import os
import sys
from typing import Any

from archspec.errors import user_error
from archspec.lower.quiet import quiet


def import_keras() -> tuple[Any, Any]:
    """The modules `(keras, tensorflow)`.

    Raises `UserError` when one is not installed, or when Keras already runs on another backend: SAME padding,
    resizing and conversion are TensorFlow's here.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras/keras.json says
    try:
        with quiet():
            import keras
            import tensorflow as tf
    except ImportError as error:
        raise user_error(
            f"Keras models need TensorFlow, which cannot be imported ({error})",
            'Install it: pip install "tensorflow>=2.20,<2.23" "keras>=3.12,<4"',
        ) from error
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise user_error(
            f"Keras was imported with the backend '{backend}', and archspec needs 'tensorflow'",
            "Set the environment variable KERAS_BACKEND=tensorflow before anything imports keras",
        )
    return keras, tf


keras, tf = import_keras()
