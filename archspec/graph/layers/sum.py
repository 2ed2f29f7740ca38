"""The sum over some axes: (N, H, W, C) over axis -1 -> (N, H, W, 1)."""

from __future__ import annotations

from archspec.graph.layers.reduction import Reduction


class Sum(Reduction):
    """Our own layer: the denominator of linear attention, norms."""

    __slots__ = ()
    tflite_code = "SUM"
    keeps_float = True  # as integers its scale would be that of the largest sum
