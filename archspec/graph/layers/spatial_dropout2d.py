"""Dropout of whole channels: something in training, nothing at inference: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from archspec.graph.layers.dropout import Dropout


class SpatialDropout2D(Dropout):
    """Keras `SpatialDropout2D`."""

    __slots__ = ()
