"""The index of the largest channel: (N, H, W, C) -> (N, H, W) int32."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class ArgMax(keras.layers.Layer):
    """The label map. It has no gradient: train on logits."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Without the last axis."""
        return input_shape[:-1]

    def compute_output_spec(self, inputs: Any) -> Any:
        """int32, which the shape alone does not say."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype="int32")

    def call(self, inputs: Any) -> Any:
        """The first of equal channels, as everywhere."""
        return tf.argmax(inputs, axis=-1, output_type=tf.int32)
