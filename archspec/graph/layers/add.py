"""The sum of maps of one shape, an axis of 1 standing for every place: several (N, ...) -> (N, ...)."""

from __future__ import annotations

from archspec.graph.layers.elementwise import Elementwise


class Add(Elementwise):
    """Keras `Add`."""

    __slots__ = ()
    tflite_code = "ADD"
    one_stride = True
