"""A learnt factor for each channel, which starts small: (N, ..., C) -> (N, ..., C)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class LayerScale(keras.layers.Layer):
    """`gamma (C)` times the input."""

    def __init__(self, initial_value: float = 1e-6, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.initial_value = initial_value

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """One factor a channel."""
        start = keras.initializers.Constant(self.initial_value)
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer=start, name="gamma")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def call(self, inputs: Any) -> Any:
        return inputs * tf.cast(self.gamma, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_value": self.initial_value}
