"""Channels spread over blocks of positions: (N, H, W, C) -> (N, H·block, W·block, C / block²)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class DepthToSpace(keras.layers.Layer):
    """TensorFlow's order: the first channels are those of the block's first position."""

    def __init__(self, block_size: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.block_size = block_size

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Sides by the block, channels by its square."""
        batch, height, width, channels = input_shape
        block = self.block_size
        height, width = (None if size is None else size * block for size in (height, width))
        return (batch, height, width, channels // block**2)

    def call(self, inputs: Any) -> Any:
        return tf.nn.depth_to_space(inputs, self.block_size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block_size": self.block_size}
