"""Dilated kernels whose outer taps reach past the map of a crop, but not past that of a whole image.

They are never trained, and yet they are read: a dense prediction cell whose rates are wider than the crop's features
scores far below what it is worth.
"""

from __future__ import annotations

from archspec.datasets import Dataset
from archspec.graph import Graph
from archspec.graph.identity import seen_taps
from archspec.train._network import graph_for
from archspec.train._order import Order
from archspec.train._recipe import Stage
from archspec.train._sizes import validation_shapes

_NAMED = 3


def untrained_taps(crop: Graph, whole: Graph) -> tuple[str, ...]:
    """Names of the kernels of `whole` that read taps which the same kernels in `crop` never do."""
    trained = {node.name: seen_taps(node) for node in crop.nodes if "dilation_rate" in node.layer.config}
    return tuple(
        node.name
        for node in whole.nodes
        if node.name in trained and node.layer.weights(node) and trained[node.name] != seen_taps(node)
    )


def untrained_taps_said(order: Order, stage: Stage, dataset: Dataset, crop: Graph) -> str:
    """The warning for a stage whose crops are too small for its rates; empty where there is nothing to say."""
    shapes = sorted(set(validation_shapes(dataset, stage.validation).values()))
    if not shapes:
        return ""
    names = untrained_taps(crop, graph_for(order.spec, len(dataset.classes), shapes[-1]))
    if not names:
        return ""
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    height, width = stage.augmentation.size
    return (
        f"warning: a crop of {height} x {width} is too small for the rates of {listed}: taps that only a whole image "
        f"of {shapes[-1][0]} x {shapes[-1][1]} reaches stay untrained. Crop larger, or lower the rates"
    )
