"""A graph again, node by node, with a part of it left out or entered from elsewhere; names stay."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from archspec.errors import Problem
from archspec.graph.tensor import Graph, Node, Tensor

Made = dict[int, Tensor]
"""Which tensor of the new graph stands for which of the old one, by the old one's `id`."""


def repeat(node: Node, graph: Graph, made: Made) -> None:
    """The same layer of the same name in another graph, on what stands there for its inputs."""
    graph.origin = node.origin
    layer: Any = copy.copy(node.layer)
    layer.name = node.name
    if not node.inputs:
        outputs = (layer.enter(graph),)
    else:
        inputs = [made[id(tensor)] for tensor in node.inputs]
        outputs = layer.apply(inputs if layer.multiple_inputs else inputs[0]).outputs
    made.update((id(old), new) for old, new in zip(node.outputs, outputs, strict=True))


def without_layers(graph: Graph, kinds: Collection[str]) -> Graph:
    """The graph without its layers of these classes: what reads one reads its input instead, of several the largest.

    Raises `Problem` where that has another shape.
    """
    found = Graph(graph.name)
    made: Made = {}
    for node in graph.nodes:
        if type(node.layer).__name__ in kinds:
            largest = max(node.inputs, key=lambda tensor: tensor.elements)
            if largest.shape != node.output.shape:
                raise Problem(f"'{node.name}' changes the shape of what it reads, and cannot be left out")
            made[id(node.output)] = made[id(largest)]
        else:
            repeat(node, found, made)
    found.finish([made[id(tensor)] for tensor in graph.outputs])
    return found
