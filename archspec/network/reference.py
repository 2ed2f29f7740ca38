"""Two fixed networks: the reference that every latency is paired with, and a probe of whether anything runs here."""

from __future__ import annotations

from functools import cache

from archspec.catalog import Catalog
from archspec.network.network import Network
from archspec.spec import parse

REFERENCE_SPEC = "shufflenetv2_basic"
REFERENCE_NAME = "reference: shufflenetv2_basic, 224 x 224, output stride 16, float32"

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


@cache
def reference_model() -> bytes:
    """The bundled `shufflenetv2_basic` as it stands, exported to float32.

    Wall times drift from one run to the next; the ratio to a network that is measured in turns with it hardly does.
    """
    return Network.load(REFERENCE_SPEC, catalog=Catalog()).to_tflite().data


@cache
def probe_model() -> bytes:
    """A `.tflite` of a few kilobytes, to see whether exporter, runtime and delegate work on this machine."""
    return Network(parse(PROBE, file="probe", catalog=Catalog())).to_tflite().data
