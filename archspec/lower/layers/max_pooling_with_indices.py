"""2×2 max pooling and where each maximum was: (N, H, W, C) -> two (N, H / 2, W / 2, C), float and int32."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class MaxPoolingWithIndices(keras.layers.Layer):
    """The place in its window, 0 to 3 in reading order, the first of equals; odd sizes are rounded up.

    The gradient goes to each maximum, through the first output; the places have none.
    """

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> list[tuple[int | None, ...]]:
        """Half the size, rounded up, twice."""
        batch, height, width, channels = input_shape
        half = (batch, *(None if size is None else (size + 1) // 2 for size in (height, width)), channels)
        return [half, half]

    def compute_output_spec(self, inputs: Any) -> Any:
        """The maxima in the dtype that came in, the places as int32, which the shapes alone do not say."""
        maxima, places = self.compute_output_shape(inputs.shape)
        return [keras.KerasTensor(maxima, dtype=self.compute_dtype), keras.KerasTensor(places, dtype="int32")]

    def call(self, inputs: Any) -> Any:
        """The window's four numbers side by side; past the border the last row and column stand twice."""
        _, height, width, channels = inputs.shape
        even = inputs
        if height % 2 or width % 2:
            even = tf.pad(inputs, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), "SYMMETRIC")
        high, wide = (height + 1) // 2, (width + 1) // 2
        windows = tf.reshape(tf.nn.space_to_depth(even, 2), (-1, high * wide, 4, channels))
        places = tf.reshape(tf.argmax(windows, axis=2, output_type=tf.int32), (-1, high, wide, channels))
        return [tf.nn.max_pool2d(inputs, 2, 2, "SAME"), places]
