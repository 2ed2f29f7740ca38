"""The means of a grid of windows that cover the map: (N, H, W, C) -> (N, *output_size, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archspec.arrays import Array
from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    """Window `i` of `n` on an axis of `s` is from floor(i·s/n) to ceil((i+1)·s/n), as in PyTorch."""

    def __init__(self, output_size: Sequence[int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.output_size = tuple(output_size)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], *self.output_size, input_shape[-1])

    def call(self, inputs: Any) -> Any:
        rows, columns = (_means(*sizes) for sizes in zip(inputs.shape[1:3], self.output_size, strict=True))
        return tf.einsum("yh,xw,bhwc->byxc", tf.cast(rows, inputs.dtype), tf.cast(columns, inputs.dtype), inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_size": self.output_size}


def _means(size: int, windows: int) -> Array:
    """`(windows, size)`: the share of each position in the mean of each window."""
    shares = np.zeros((windows, size), np.float32)
    for index in range(windows):
        begin, end = index * size // windows, -(-(index + 1) * size // windows)
        shares[index, begin:end] = 1 / (end - begin)
    return shares
