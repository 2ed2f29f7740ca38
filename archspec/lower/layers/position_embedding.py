"""A learnt array added to a map or a row of tokens, stretched to its size: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.graph.layers.position_embedding import stretching
from archspec.lower.framework import keras, tf

AXES = "abcdef"  # of the learnt array, before its channels


@keras.saving.register_keras_serializable(package="archspec")
class PositionEmbedding(keras.layers.Layer):
    """`embedding (*size, C)`, linearly stretched on each axis that is not 1."""

    def __init__(self, size: Sequence[int], initializer: Any = "zeros", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.size = tuple(size)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """The learnt array."""
        shape = (*self.size, input_shape[-1])
        self.embedding = self.add_weight(shape=shape, initializer=self.initializer, name="embedding")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def call(self, inputs: Any) -> Any:
        found = tf.cast(self.embedding, tf.float32)
        for axis, (old, new) in enumerate(zip(self.size, inputs.shape[1:-1], strict=True)):
            if old not in (1, new):
                letters = AXES[: len(self.size)] + "z"
                matrix = tf.constant(stretching(old, new), tf.float32)
                result = letters.replace(AXES[axis], "y")
                found = tf.einsum(f"y{AXES[axis]},{letters}->{result}", matrix, found)
        return inputs + tf.cast(found, inputs.dtype)[None]

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "size": self.size, "initializer": initializer}
