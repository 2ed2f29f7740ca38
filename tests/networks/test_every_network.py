"""Every bundled network, found by itself: what it costs to ask what it costs."""

from __future__ import annotations

import time

import pytest

from archspec.catalog import Catalog
from archspec.cost import price
from archspec.graph.trace import trace
from archspec.spec import expand, load

CATALOG = Catalog()


TIMES_A_LAYER = 2.0
REFERENCE = "shufflenetv2_dpc"


@pytest.mark.alone
@pytest.mark.parametrize("name", CATALOG.specs())
def test_a_cost_takes_as_long_as_its_layers(name: str) -> None:
    """From the spec to parameters and operations, in processor time, the best of twenty: a layer of any network costs
    at most twice what one of the paper's network costs in the same turns. `benchmarks/cost_speed.py` has milliseconds.
    """
    specs = {one: load(one, catalog=CATALOG) for one in (REFERENCE, name)}
    best = dict.fromkeys(specs, float("inf"))
    layers = dict.fromkeys(specs, 0)
    for _ in range(20):
        for one, spec in specs.items():
            start = time.process_time()
            network = expand(spec)
            graph = trace(network, CATALOG)
            price(graph, classes=network.classes, output_stride=network.output_stride)
            best[one] = min(best[one], time.process_time() - start)
            layers[one] = len(graph.nodes)
    assert best[name] / layers[name] <= TIMES_A_LAYER * best[REFERENCE] / layers[REFERENCE]


@pytest.mark.parametrize("name", CATALOG.specs())
def test_it_names_its_source_and_its_size(name: str) -> None:
    network = expand(load(name, catalog=CATALOG))
    assert "arXiv:" in network.source
    assert min(network.input_size) >= 224
