"""The quotient of two maps, an axis of 1 standing for every place: two (N, ...) -> (N, ...)."""

from __future__ import annotations

from archspec.graph.layers.elementwise import Elementwise


class Divide(Elementwise):
    """Our own layer, the first input by the second; the runtime has no division of int8, so it stays float32 there."""

    __slots__ = ()
    own = True
    tflite_code = "DIV"
    most_inputs = 2
    keeps_float = True
