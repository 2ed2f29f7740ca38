"""Ways to a graph: a spec's text, or layers called by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.catalog import Catalog
from archspec.graph import Graph, Node, Tensor, layers
from archspec.graph.trace import trace
from archspec.spec import expand, load, parse

CATALOG = Catalog()
BUNDLED = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")


def of_text(text: str, overrides: Sequence[str] = ()) -> Graph:
    """The graph of a spec's text, traced anew."""
    return trace(expand(parse(text, overrides=overrides)), CATALOG)


def of_bundled(name: str, *overrides: str) -> Graph:
    """The graph of a bundled spec."""
    return trace(expand(load(name, overrides)), CATALOG)


def image(height: int = 8, width: int = 9, channels: int = 3, dtype: str = "float32") -> Tensor:
    """The entrance of a new graph."""
    return layers.Input((height, width, channels), dtype, name="image").enter(Graph("by hand"))


def finish(*outputs: Tensor) -> Graph:
    """The graph that gives `outputs`."""
    graph = outputs[0].node.graph
    graph.finish(outputs)
    return graph


def kind(node: Node) -> str:
    """The name of its layer's class."""
    return type(node.layer).__name__


def settings(graph: Graph, layer: str, argument: str) -> dict[str, Any]:
    """One argument of every layer of a kind, by node name."""
    return {node.name: node.layer.config[argument] for node in graph.nodes if kind(node) == layer}
