"""The reference network that every host latency is paired with: wall times drift, the ratio to it hardly does."""

from __future__ import annotations

from functools import cache

from archspec.catalog import Catalog
from archspec.export import export
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, load

REFERENCE_SPEC = "shufflenetv2_basic"
REFERENCE_NAME = "reference: shufflenetv2_basic, 224 x 224, output stride 16, float32"


@cache
def reference_model() -> bytes:
    """The bundled `shufflenetv2_basic` as it stands, exported to float32."""
    catalog = Catalog()
    graph = trace(expand(load(REFERENCE_SPEC, catalog=catalog)), catalog)
    return export(graph, initialise(graph)).data
