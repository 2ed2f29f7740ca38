"""The channels in equal parts, in order: (N, H, W, C) -> `parts` × (N, H, W, C / parts)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class ChannelSplit(keras.layers.Layer):
    """Gives a list of tensors."""

    def __init__(self, parts: int = 2, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.parts = parts

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> list[tuple[int | None, ...]]:
        """Equal parts of the last axis."""
        channels = input_shape[-1]
        part = (*input_shape[:-1], None if channels is None else channels // self.parts)
        return [part] * self.parts

    def call(self, inputs: Any) -> Any:
        """The first channels first."""
        return tf.split(inputs, self.parts, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parts": self.parts}
