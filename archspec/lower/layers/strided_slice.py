"""A part of a map, every `strides`-th of it: (N, H, W, C) -> (N, h, w, c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.lower.framework import keras


@keras.saving.register_keras_serializable(package="archspec")
class StridedSlice(keras.layers.Layer):
    """`x[begin:end:strides]` of each axis but the batch."""

    def __init__(
        self, begin: Sequence[int], end: Sequence[int | None], strides: Sequence[int], **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.begin, self.end, self.strides = tuple(begin), tuple(end), tuple(strides)

    def _slices(self) -> tuple[slice, ...]:
        return tuple(slice(*one) for one in zip(self.begin, self.end, self.strides, strict=True))

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """How many places of each axis."""
        sizes = zip(input_shape[1:], self._slices(), strict=True)
        return (input_shape[0], *(len(range(size)[part]) for size, part in sizes))

    def call(self, inputs: Any) -> Any:
        return inputs[(slice(None), *self._slices())]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "begin": self.begin, "end": self.end, "strides": self.strides}
