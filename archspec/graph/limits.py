"""The largest networks that are taken: what a `.tflite`, whose sizes and offsets are 32-bit integers, can hold.

Without a bound a slip of the keyboard (`filters: 1000000000000`) would be priced as if it could be built.
"""

from __future__ import annotations

import math

from archspec.errors import Fault, UserError
from archspec.graph.tensor import Graph, Node

MOST_ELEMENTS = 2**31 - 1  # of one tensor: LiteRT counts them in an int32
MOST_WEIGHT_BYTES = 2**31  # of all weights in float32: a flatbuffer ends at 2 GiB
_BYTES = 4


def check_sizes(graph: Graph) -> None:
    """Raises `UserError` with the place of the step whose tensor, or whose weights, no runtime could hold."""
    total, heaviest, most = 0, None, 0
    for node in graph.nodes:
        for tensor in node.outputs:
            if tensor.elements > MOST_ELEMENTS:
                raise _fault(node, f"makes a tensor of {tensor.elements:,} numbers")
        for weight in node.layer.weights(node):
            elements = math.prod(weight.shape)
            if elements > MOST_ELEMENTS:
                raise _fault(node, f"has an array of {elements:,} weights")
            total += _BYTES * elements
            if elements > most:
                heaviest, most = node, elements
    if total > MOST_WEIGHT_BYTES and heaviest is not None:
        limit = f"a .tflite holds 2 GiB, and the whole network has {total / 2**30:,.1f}"
        raise _fault(heaviest, f"has {most:,} weights, the most of all", limit)


def _fault(node: Node, what: str, limit: str = f"a .tflite holds at most {MOST_ELEMENTS:,}") -> UserError:
    origin = node.origin
    remedy = "Write a smaller input.size, fewer filters or a smaller kernel"
    return UserError(Fault(f"'{node.name}' {what}: {limit}", remedy, origin.path, origin.place))
