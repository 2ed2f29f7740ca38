"""Bundled or own specs as graphs, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec.catalog import Catalog
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import ExpandedSpec, expand, load

CATALOG = Catalog()
WIDTHS = (0.5, 1.0, 1.5, 2.0)


def read_network(source: str, overrides: Sequence[str] = ()) -> ExpandedSpec:
    """An expanded spec: a path or a bundled name. Raises `UserError`."""
    return expand(load(source, overrides, catalog=CATALOG))


def read_graph(source: str, overrides: Sequence[str] = ()) -> Graph:
    """The graph of a spec. Raises `UserError`."""
    return trace(read_network(source, overrides), CATALOG)


def variants(count: int) -> list[tuple[str, ...]]:
    """`count` different overrides of width, size and classes, as a search would propose them."""
    found: list[tuple[str, ...]] = []
    for number in range(count):
        height, width = 160 + 16 * (number % 23), 160 + 16 * (number % 19)
        size = f"input.size=[{height},{width}]"
        classes = f"classes={2 + number % 150}"
        found.append((f"width_multiplier={WIDTHS[number % len(WIDTHS)]}", size, classes))
    return found


def conditions_of(network: ExpandedSpec) -> dict[str, Any]:
    """What a table's foot says of a network."""
    height, width = network.input_size
    return {
        "network": f"{network.name}, {height} × {width}, {network.classes} classes, output stride "
        f"{network.output_stride}, width {network.width_multiplier:g}, batch 1",
    }
