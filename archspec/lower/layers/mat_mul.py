"""Matrix products of two tensors, leading axes as a batch: (N, ..., n, k) × (N, ..., k, m) -> (N, ..., n, m)."""

from __future__ import annotations

from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class MatMul(keras.layers.Layer):
    """A transposed input has its last two axes the other way round."""

    def __init__(self, transpose_a: bool = False, transpose_b: bool = False, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.transpose_a, self.transpose_b = transpose_a, transpose_b

    def compute_output_shape(self, input_shape: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        """Rows of the first, columns of the second; of each leading axis the larger size."""
        first, second = input_shape
        leading = (max(pair) for pair in zip(first[1:-2], second[1:-2], strict=True))
        rows, columns = first[-1 if self.transpose_a else -2], second[-2 if self.transpose_b else -1]
        return (first[0], *leading, rows, columns)

    def call(self, inputs: Any) -> Any:
        first, second = inputs
        return tf.matmul(first, second, transpose_a=self.transpose_a, transpose_b=self.transpose_b)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "transpose_a": self.transpose_a, "transpose_b": self.transpose_b}
