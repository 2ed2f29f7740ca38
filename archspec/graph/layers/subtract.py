"""The difference of two maps, an axis of 1 standing for every place: two (N, ...) -> (N, ...)."""

from __future__ import annotations

from archspec.graph.layers.elementwise import Elementwise


class Subtract(Elementwise):
    """Keras `Subtract`."""

    __slots__ = ()
    tflite_code = "SUB"
    most_inputs = 2
