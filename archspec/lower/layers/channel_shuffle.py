"""ShuffleNet's channel shuffle: channels read as (groups, n), written as (n, groups): (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class ChannelShuffle(keras.layers.Layer):
    """Reshape, transpose, reshape, in 4 dimensions: TFLite's TRANSPOSE is slower in 5."""

    def __init__(self, groups: int = 2, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.groups = groups

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def call(self, inputs: Any) -> Any:
        """Channel `g * n + i` becomes channel `i * groups + g`."""
        _, height, width, channels = inputs.shape
        split = tf.reshape(inputs, (-1, height * width, self.groups, channels // self.groups))
        return tf.reshape(tf.transpose(split, (0, 1, 3, 2)), (-1, height, width, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}
