"""The smallest network worth the name, to see whether exporter, runtime and delegate work on this machine."""

from __future__ import annotations

from archspec.catalog import Catalog
from archspec.export import export
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.spec import expand, parse

PROBE = """
name: probe
input: {size: 32}
classes: 4
output_stride: 8
backbone:
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 8, stride: 2}
- conv_bn: {filters: 8, stride: 2}
decoder: bilinear
"""


def probe_model() -> bytes:
    """A `.tflite` of a few kilobytes."""
    catalog = Catalog()
    graph = trace(expand(parse(PROBE, file="probe", catalog=catalog)), catalog)
    return export(graph, initialise(graph)).data
