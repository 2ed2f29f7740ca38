"""The one place where Keras and TensorFlow are imported: silent, with the TensorFlow backend, or a `UserError`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from archspec.errors import user_error

STREAMS = (1, 2)  # standard output and standard error, of the whole process
LAST_LINES = 20


@contextmanager
def quiet() -> Iterator[None]:
    """Everything printed inside goes to a temporary file; an exception takes the last lines along as a note."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # a stream may be closed or missing
            stream.flush()
    with tempfile.TemporaryFile() as file:
        kept = {descriptor: copy for descriptor in STREAMS if (copy := _copy(descriptor)) is not None}
        try:
            for descriptor in kept:
                os.dup2(file.fileno(), descriptor)
            yield
        except Exception as error:
            if said := _last_lines(file.fileno()):
                error.add_note(said)
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            for descriptor, copy in kept.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def _copy(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _last_lines(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, size).decode("utf-8", "replace") if size else ""
    return "\n".join(text.splitlines()[-LAST_LINES:])


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
