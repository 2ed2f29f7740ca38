"""The product of maps, an axis of 1 standing for every place: (N, H, W, C) × (N, 1, 1, C) -> (N, H, W, C)."""

from __future__ import annotations

from archspec.graph.layers.elementwise import Elementwise


class Multiply(Elementwise):
    """Keras `Multiply`, for gates: squeeze-and-excite, guided aggregation, attention of a map."""

    __slots__ = ()
    tflite_code = "MUL"
