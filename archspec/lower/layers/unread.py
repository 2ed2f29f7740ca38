"""The first of several tensors; the others are parts of a published network whose results nothing reads."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras


@keras.saving.register_keras_serializable(package="archspec")
class Unread(keras.layers.Layer):
    """The others are inputs only so that the model holds their weights; training does not move those."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def call(self, inputs: Any) -> Any:
        return inputs[0]
