"""The largest value of a sliding window: (N, H, W, C) -> (N, OH, OW, C)."""

from __future__ import annotations

from archspec.graph.layers.pooling import Pooling2D


class MaxPooling2D(Pooling2D):
    """Keras `MaxPooling2D`."""

    __slots__ = ()
    tflite_code = "MAX_POOL_2D"
