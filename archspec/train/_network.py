"""The network of a stage: the spec's, for the data's classes and the crop's size, ending in logits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import ExpandedSpec, Spec, expand, override

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def network_for(spec: Spec, classes: int, size: tuple[int, int]) -> ExpandedSpec:
    """The spec's network that reads a float image `size` (height, width) and gives logits. Raises `UserError`.

    Weights are named by graph path and do not depend on the size: those of a crop's network fit a whole image's.
    """
    changes = {"classes": classes, "input.size": list(size), "input.dtype": "float32", "output": "logits"}
    return expand(override(spec, changes))


def graph_for(spec: Spec, classes: int, size: tuple[int, int], momentum: float | None = None) -> Graph:
    """The graph of `network_for`; `momentum` replaces that of every batch norm. Raises `UserError`."""
    graph = trace(network_for(spec, classes, size), spec.catalog)
    if momentum is not None:
        for node in graph.nodes:
            if type(node.layer).__name__ == "BatchNormalization":
                node.layer.config = node.layer.config.changed(momentum=momentum)
    return graph


def without_upsampling(graph: Graph) -> Graph:
    """The same graph, ending before the resizing that nothing with weights comes after."""
    (end,) = graph.outputs
    while type(end.node.layer).__name__ == "Resize":
        end = end.node.inputs[0]
    graph.finish((end,))
    return graph


def carried(weights: Mapping[str, Array], graph: Graph, seed: int) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The weights of one stage in the network of the next, and the names of those that begin afresh.

    Fresh is what the earlier network lacks or has in another shape, as a classifier of other classes.
    """
    fresh = initialise(graph, seed)
    kept = {key: array for key, array in weights.items() if key in fresh and fresh[key].shape == array.shape}
    return {**fresh, **kept}, tuple(key for key in fresh if key not in kept)


def is_within(name: str, places: Iterable[str]) -> bool:
    """Whether a layer is, or lies in, one of `places`: sections (`backbone`) or dotted paths (`backbone.stage2`)."""
    return any(name == place or name.startswith(f"{place}.") for place in places)
