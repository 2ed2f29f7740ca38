"""The deferred graph: blocks call layers of Keras's names, and get nodes instead of weights.

Conventions, stated once. Shapes are per image, without the batch: `(H, W, C)`; the batch is 1 wherever it
counts. One multiply-add is one MAC; GFLOPs are 2 × GMACs of convolutions, dense layers and products of two activations.
`Tensor.stride` is the product of the strides on the way to it, multiplied while tracing and never read off shapes
(769 // 385 is 1).
"""

from typing import TYPE_CHECKING

from archspec.doors import later
from archspec.graph.ranges import Range
from archspec.graph.tensor import Graph, Node, Origin, Shape, Tensor, collector_paused, in_float32

if TYPE_CHECKING:
    from archspec.graph.identity import auxiliary_digest, canonical_hash, equivalence_key, quantization_digest
    from archspec.graph.key_leeway import Census, Leeway, census, leeway
    from archspec.graph.padding import next_multiple, padded, padding_multiple
    from archspec.graph.places import beginnings, is_within
    from archspec.graph.small_maps import small_map_cautions
    from archspec.graph.surgery import cut_tail, repeat, without_labelling, without_layers
    from archspec.graph.task import gives_masks
    from archspec.graph.weights import (
        check_weights,
        initialise,
        is_range,
        range_key,
        split_ranges,
        weight_specs,
    )

__all__ = [
    "Census", "Graph", "Leeway", "Node", "Origin", "Range", "Shape", "Tensor", "auxiliary_digest", "beginnings",
    "canonical_hash", "census", "check_weights", "collector_paused", "cut_tail", "equivalence_key", "gives_masks",
    "in_float32", "initialise", "is_range", "is_within", "leeway", "next_multiple", "padded", "padding_multiple",
    "quantization_digest", "range_key", "repeat", "small_map_cautions", "split_ranges", "weight_specs",
    "without_labelling", "without_layers",
]  # fmt: skip

# Imported when they are asked for: blocks and the spec language need none of them, and padding and weights need NumPy.
_HOMES = {
    "identity": ("auxiliary_digest", "canonical_hash", "equivalence_key", "quantization_digest"),
    "key_leeway": ("Census", "Leeway", "census", "leeway"),
    "padding": ("next_multiple", "padded", "padding_multiple"),
    "places": ("beginnings", "is_within"),
    "small_maps": ("small_map_cautions",),
    "surgery": ("cut_tail", "repeat", "without_labelling", "without_layers"),
    "task": ("gives_masks",),
    "weights": ("check_weights", "initialise", "is_range", "range_key", "split_ranges", "weight_specs"),
}

__getattr__ = later(__name__, _HOMES)
