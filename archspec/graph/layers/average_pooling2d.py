"""The mean of a sliding window: (N, H, W, C) -> (N, OH, OW, C)."""

from __future__ import annotations

from archspec.graph.layers.pooling import Pooling2D


class AveragePooling2D(Pooling2D):
    """Keras `AveragePooling2D`; SAME counts only what is inside the map, as TensorFlow does."""

    __slots__ = ()
    tflite_code = "AVERAGE_POOL_2D"
