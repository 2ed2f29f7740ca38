"""Networks as a search would propose them: backbones, widths, output strides, sizes, heads, dense prediction cells.

A latency table is calibrated on some of them and scored on others.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from archspec.catalog import Catalog
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import expand, load

SPEC = "shufflenetv2_basic"  # what the overrides are laid on
MOST_MACS = 0.8e9
WIDTHS = {
    "shufflenet_v2": (0.5, 1.0, 1.5, 2.0),
    "mobilenet_v2": (0.35, 0.5, 0.75, 1.0),
    "mobilenet_v1": (0.25, 0.5, 0.75),
    "mobilenet_v3_small": (0.75, 1.0),
}
SIZES = (160, 192, 224, 256)
RATES = (1, 3, 6, 9, 12, 15, 18, 21)
GRIDS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A traced network and its multiply-adds."""

    graph: Graph
    macs: int


def sampled_networks(seed: int, least_macs: float = 0, most_macs: float = MOST_MACS) -> Iterator[Sampled]:
    """Networks of the bundled parts without end, the same for the same seed, within these multiply-adds."""
    draw, catalog = random.Random(seed), Catalog()
    while True:
        graph = trace(expand(load(SPEC, _overrides(draw), catalog=catalog)), catalog)
        macs = multiply_adds(graph)
        if least_macs <= macs <= most_macs:
            yield Sampled(graph, macs)


def _overrides(draw: random.Random) -> list[str]:
    backbone = draw.choice(tuple(WIDTHS))
    size = draw.choice(SIZES)
    return [
        f"backbone={backbone}",
        f"width_multiplier={draw.choice(WIDTHS[backbone])}",
        f"output_stride={draw.choice((16, 16, 32))}",
        f"input.size=[{size},{size}]",
        f"classes={draw.choice((5, 11, 19))}",
        f"output={draw.choice(('argmax', 'argmax', 'logits'))}",
        f"head={json.dumps(_head(draw))}",
    ]


def _head(draw: random.Random) -> dict[str, object]:
    kind = draw.choice(("basic", "dpc", "dpc", "dpc"))
    filters = draw.choice((64, 96, 128, 192, 256))
    if kind == "basic":
        return {"basic": {"filters": filters}}
    branches = [_branch(draw, index) for index in range(draw.choice((3, 4, 5)))]
    return {"dpc": {"filters": filters, "branches": branches}}


def _branch(draw: random.Random, index: int) -> dict[str, object]:
    source = draw.randrange(-1, index)
    kind = draw.choice(("pointwise", "atrous", "atrous", "atrous", "pooling"))
    if kind == "pooling":
        return {"op": "pyramid_pooling", "grid_size": [draw.choice(GRIDS), draw.choice(GRIDS)], "input": source}
    if kind == "pointwise":
        return {"op": "conv", "kernel": 1, "input": source}
    return {"op": "conv", "kernel": 3, "rate": [draw.choice(RATES), draw.choice(RATES)], "input": source}


def multiply_adds(graph: Graph) -> int:
    """Of all nodes that an output hangs on."""
    return sum(node.layer.macs(node) for node in graph.nodes if id(node) not in graph.unread)
