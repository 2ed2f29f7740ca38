"""The mean over some axes: (N, H, W, C) over axis 2 -> (N, H, 1, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.lower.framework import keras, tf


class Reduction(keras.layers.Layer):
    """Axes count from the end, or with the batch as 0."""

    def __init__(self, axes: Sequence[int], keepdims: bool = True, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.axes, self.keepdims = tuple(axes), keepdims

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Without the axes, or with 1 in their places."""
        axes = {axis % len(input_shape) for axis in self.axes}
        if self.keepdims:
            return tuple(1 if axis in axes else size for axis, size in enumerate(input_shape))
        return tuple(size for axis, size in enumerate(input_shape) if axis not in axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "keepdims": self.keepdims}


@keras.saving.register_keras_serializable(package="archspec")
class Mean(Reduction):
    """Keras has it as an operation, not as a layer."""

    def call(self, inputs: Any) -> Any:
        return tf.reduce_mean(inputs, axis=self.axes, keepdims=self.keepdims)
