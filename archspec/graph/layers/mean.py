"""The mean over some axes: (N, H, W, C) over axis 2 -> (N, H, 1, C)."""

from __future__ import annotations

from archspec.graph.layers.reduction import Reduction


class Mean(Reduction):
    """Our own layer: squeezed maps of axial attention, means over channels."""

    __slots__ = ()
    tflite_code = "MEAN"
