"""The channels in the opposite order, RGB to BGR: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class ChannelReverse(keras.layers.Layer):
    """The last channel first."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def call(self, inputs: Any) -> Any:
        return tf.reverse(inputs, (-1,))
