"""Every bundled network, found by itself: what it costs to ask what it costs."""

from __future__ import annotations

import time

import pytest

from archspec.catalog import Catalog
from archspec.cost import price
from archspec.graph.trace import trace
from archspec.spec import expand, load

CATALOG = Catalog()


SECONDS, SECONDS_A_LAYER = 0.005, 12.5e-6  # whichever is more: networks of attention have over 400 layers


@pytest.mark.alone
@pytest.mark.parametrize("name", CATALOG.specs())
def test_a_cost_takes_five_milliseconds(name: str) -> None:
    """From the spec to parameters and operations, in processor time, the best of twenty; measured 1 to 2, 4 of 500
    layers.
    """
    spec, best = load(name, catalog=CATALOG), 1.0
    for _ in range(20):
        start = time.process_time()
        network = expand(spec)
        graph = trace(network, CATALOG)
        price(graph, classes=network.classes, output_stride=network.output_stride)
        best = min(best, time.process_time() - start)
    assert best <= max(SECONDS, SECONDS_A_LAYER * len(graph.nodes))


@pytest.mark.parametrize("name", CATALOG.specs())
def test_it_names_its_source_and_its_size(name: str) -> None:
    network = expand(load(name, catalog=CATALOG))
    assert "arXiv:" in network.source
    assert min(network.input_size) >= 224
