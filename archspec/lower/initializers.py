"""Initialisers that Keras lacks, registered so that a saved model finds them again."""

from __future__ import annotations

from typing import Any

from archspec.graph.weights import bilinear_kernel
from archspec.lower.framework import keras


@keras.saving.register_keras_serializable(package="archspec")
class Bilinear(keras.initializers.Initializer):
    """A transposed convolution that starts as bilinear upsampling of each channel."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The kernel `(kh, kw, C, C)`."""
        return keras.ops.convert_to_tensor(bilinear_kernel(tuple(shape)), dtype=dtype)
