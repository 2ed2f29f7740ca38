"""Each number back to where its maximum was, zeros elsewhere: two (N, h, w, C) -> (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class MaxUnpooling(keras.layers.Layer):
    """Takes `[numbers, places]` of a `MaxPoolingWithIndices`; `size` is that before it. Numbers have a gradient."""

    def __init__(self, size: Sequence[int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.size = tuple(size)

    def compute_output_shape(self, input_shape: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """`(N, *size, C)`."""
        numbers = input_shape[0]
        return (numbers[0], *self.size, numbers[-1])

    def compute_output_spec(self, inputs: Any) -> Any:
        """In the dtype of the numbers."""
        shape = self.compute_output_shape([one.shape for one in inputs])
        return keras.KerasTensor(shape, dtype=inputs[0].dtype)

    def call(self, inputs: Any) -> Any:
        """The numbers of each of the four places behind one another, then spread out in space."""
        numbers, places = inputs
        zero = tf.zeros((), numbers.dtype)
        chosen = [tf.where(tf.equal(places, place), numbers, zero) for place in range(4)]
        whole = tf.nn.depth_to_space(tf.concat(chosen, axis=-1), 2)
        return whole[:, : self.size[0], : self.size[1]]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
