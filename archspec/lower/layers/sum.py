"""The sum over some axes: (N, H, W, C) over axis 2 -> (N, H, 1, C)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf
from archspec.lower.layers.mean import Reduction


@keras.saving.register_keras_serializable(package="archspec")
class Sum(Reduction):
    """Keras has it as an operation, not as a layer."""

    def call(self, inputs: Any) -> Any:
        return tf.reduce_sum(inputs, axis=self.axes, keepdims=self.keepdims)
