"""From the words of the command line to a priced graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archspec.graph.trace import trace
from archspec.spec import ExpandedSpec, Spec, expand, load

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.cost import CostSheet
    from archspec.graph import Graph


@dataclass(frozen=True, slots=True)
class Traced:
    """A spec, what it expands to, and its graph."""

    spec: Spec
    network: ExpandedSpec
    graph: Graph

    def price(self) -> CostSheet:
        """Its cost sheet."""
        from archspec.cost import price

        return price(self.graph, classes=self.network.classes, output_stride=self.network.output_stride)


def traced(source: str, overrides: tuple[str, ...], catalog: Catalog) -> Traced:
    """Load, expand and trace. Raises `UserError` with every fault that was found."""
    spec = load(source, overrides, catalog=catalog)
    network = expand(spec)
    return Traced(spec, network, trace(network, catalog))
