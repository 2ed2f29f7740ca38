"""Networks of ours for the tests, traced and evaluated in NumPy, float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from archspec.catalog import Catalog
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import ExpandedSpec, expand, load
from tests.graph.evaluation import evaluate

Array = np.ndarray[Any, Any]
FEATURES = ("head=none", "classifier=none", "decoder=none", "output=logits")
CATALOG = Catalog()


def network(name: str | Path, *settings: str) -> tuple[ExpandedSpec, Graph]:
    """The network and its graph; of FEATURES, with as many classes as the features have channels."""
    if set(FEATURES) <= set(settings):
        scored = expand(load(name, [*settings, "classifier=classifier"], catalog=CATALOG))
        settings = (*settings, f"classes={trace(scored, CATALOG).outputs[0].node.inputs[0].channels}")
    found = expand(load(name, settings, catalog=CATALOG))
    return found, trace(found, CATALOG)


def graph_of(name: str | Path, *settings: str) -> Graph:
    return network(name, *settings)[1]


def features(graph: Graph, weights: dict[str, Array], pixels: Array) -> Array:
    """What a network gives for an image `(H, W, 3)` of 0..255."""
    wide = {key: array.astype(np.float64) for key, array in weights.items()}
    return np.asarray(evaluate(graph, wide, pixels.astype(np.float64))[0])


def image(height: int, width: int, seed: int = 3) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.float32)


def relative(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())
