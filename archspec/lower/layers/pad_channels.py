"""Zeros behind the channels: (N, H, W, C) -> (N, H, W, filters)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class PadChannels(keras.layers.Layer):
    """ENet's shortcut where a bottleneck has more filters than its input has channels."""

    def __init__(self, filters: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.filters = filters

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`filters` channels."""
        return (*input_shape[:-1], self.filters)

    def call(self, inputs: Any) -> Any:
        """The channels that there are come first."""
        return tf.pad(inputs, ((0, 0), (0, 0), (0, 0), (0, self.filters - inputs.shape[-1])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}
