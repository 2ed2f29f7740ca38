"""Bilinear or nearest resize to a size: (N, H, W, C) -> (N, OH, OW, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.lower.framework import keras, tf


@keras.saving.register_keras_serializable(package="archspec")
class Resize(keras.layers.Layer):
    """Keras's `Resizing` has no `align_corners`. Without it, pixels are areas with half-pixel centres.

    The raw operators carry the same two flags as TFLite's, so nothing is lost on the way there.
    """

    def __init__(
        self, size: Sequence[int], interpolation: str = "bilinear", align_corners: bool = True, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.size = tuple(size)
        self.interpolation = interpolation
        self.align_corners = align_corners

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(N, *size, C)`."""
        return (input_shape[0], *self.size, input_shape[-1])

    def call(self, inputs: Any) -> Any:
        """In the dtype that came in; the bilinear operator always computes in float32."""
        nearest = self.interpolation == "nearest"
        operator = tf.raw_ops.ResizeNearestNeighbor if nearest else tf.raw_ops.ResizeBilinear
        resized = operator(
            images=inputs, size=self.size, align_corners=self.align_corners, half_pixel_centers=not self.align_corners
        )
        return resized if resized.dtype == inputs.dtype else tf.cast(resized, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        config = {"size": self.size, "interpolation": self.interpolation, "align_corners": self.align_corners}
        return {**super().get_config(), **config}
