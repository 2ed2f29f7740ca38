"""Fixed rows of non-negative numbers, of length 1 each, as wide as the input: (N, ..., C) -> (N, rank, C)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class UnitRows(keras.initializers.Initializer):
    """Even numbers from 0 to 1, each row divided by its length."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        drawn = keras.random.uniform(shape, dtype=dtype)
        return drawn / keras.ops.norm(drawn, axis=-1, keepdims=True)


@keras.saving.register_keras_serializable(package="archspec")
class Bases(keras.layers.Layer):
    """`bases (rank, C)`, once for each image."""

    def __init__(self, rank: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.rank = rank

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """The rows, which training leaves as they are."""
        shape = (self.rank, input_shape[-1])
        self.bases = self.add_weight(shape=shape, initializer=UnitRows(), trainable=False, name="bases")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.rank, input_shape[-1])

    def call(self, inputs: Any) -> Any:
        bases = tf.cast(self.bases, inputs.dtype)
        return tf.broadcast_to(bases[None], (tf.shape(inputs)[0], self.rank, inputs.shape[-1]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rank": self.rank}
