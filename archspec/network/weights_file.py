"""Weights of a file, as a network has them: what the key `weights` of a spec asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.network.initial_weights import with_model_weights
from archspec.spec import Changes, ExpandedSpec, need_weights

if TYPE_CHECKING:
    from archspec.graph import Graph
    from archspec.weights import Holding, Imported

    GraphOf = Callable[[str, Changes], Graph]
    """The graph of a spec's name with settings: that of the network whose weights a file holds."""


def hold_weights(graph_of: GraphOf, file: str, format_name: str, output_stride: int | None = None) -> Holding:
    """What a file of weights holds, by our names, before it is fitted to a network. Raises `UserError`."""
    from archspec.weights import Contents, read_contents

    found = read_contents(file, format_name, output_stride)
    if not isinstance(found, Contents):
        return found
    return found.holding(graph_of(found.spec, found.settings))


def import_weights(
    graph_of: GraphOf,
    file: str | Path,
    format_name: str,
    graph: Graph,
    *,
    output_stride: int | None = None,
    only: tuple[str, ...] = (),
) -> Imported:
    """The weights in a file, fitted to a graph. `only` names sections (`backbone`) or layers to load.

    `output_stride` is that of the graph's network. Raises `UserError` with everything that does not fit.
    """
    from archspec.weights import fit

    return fit(str(file), format_name, hold_weights(graph_of, str(file), format_name, output_stride), graph, only)


def spec_weights(graph_of: GraphOf, expanded: ExpandedSpec, graph: Graph) -> Imported | None:
    """What the key `weights` of a spec asks for, and what the Keras models in it have; None when neither is there."""
    from archspec.weights import usual_format

    asked, found = expanded.weights, None
    if asked is not None:
        need_weights(asked)
        name = asked.format or usual_format(asked.file)
        found = import_weights(graph_of, asked.file, name, graph, output_stride=expanded.output_stride, only=asked.only)
    return with_model_weights(found, graph)
