"""The smaller number at each place, an axis of 1 standing for every place: several (N, ...) -> (N, ...)."""

from __future__ import annotations

from archspec.graph.layers.elementwise import Elementwise


class Minimum(Elementwise):
    """Keras `Minimum`."""

    __slots__ = ()
    tflite_code = "MINIMUM"
