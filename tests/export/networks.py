"""Graphs and weights that the tests of this folder share."""

from functools import cache

import numpy as np

from archspec.catalog import Catalog
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, load

BUNDLED = ("mobilenetv2_basic", "mobilenetv2_dpc", "shufflenetv2_basic", "shufflenetv2_dpc")


@cache
def catalog() -> Catalog:
    return Catalog()


@cache
def bundled(name: str, *overrides: str) -> Graph:
    """A bundled spec's graph, small unless told otherwise."""
    return trace(expand(load(name, ["input.size=[65, 97]", *overrides])), catalog())


@cache
def weights_of(graph: Graph) -> dict[str, np.ndarray]:
    """Weights as of a network that has seen data."""
    return initialise(graph, 3, "random")


def images(graph: Graph, count: int = 2) -> list[np.ndarray]:
    """Noise, whole numbers in 0..255."""
    generator = np.random.default_rng(5)
    return [generator.integers(0, 256, (1, *graph.inputs[0].shape)).astype(np.float32) for _ in range(count)]
