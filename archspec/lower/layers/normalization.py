"""What a data set's mean and variance make of each channel, as weights that training does not move."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras

SMALLEST_DEVIATION = 1e-7


@keras.saving.register_keras_serializable(package="archspec")
class Normalization(keras.layers.Layer):
    """`(x - mean) / deviation`; Keras's own layer computes with copies of its weights, made when it was adapted."""

    def build(self, input_shape: Any) -> None:
        channels = (input_shape[-1],)
        self.mean = self.add_weight(shape=channels, initializer="zeros", trainable=False, name="mean")
        self.variance = self.add_weight(shape=channels, initializer="ones", trainable=False, name="variance")
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def call(self, inputs: Any) -> Any:
        mean, variance = (keras.ops.cast(one, inputs.dtype) for one in (self.mean, self.variance))
        return (inputs - mean) / keras.ops.maximum(keras.ops.sqrt(variance), SMALLEST_DEVIATION)
