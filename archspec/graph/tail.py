"""The tail of a segmentation network: the last upsampling and what follows it (ArgMax, Softmax)."""

from __future__ import annotations

from archspec.graph.tensor import Graph, Tensor

LABELLING = ("ArgMax", "Softmax")
UPSAMPLING = "Resize"


def cut_tail(graph: Graph) -> tuple[str, ...]:
    """Let a freshly traced graph end before its last upsampling; the names of the nodes left out, first to last.

    Without an upsampling at the end (a decoder of transposed convolutions) only ArgMax and Softmax go. Empty when
    there is nothing to leave out, and then the graph is as it was.
    """
    x, left = graph.outputs[0], []
    while _kind(x) in LABELLING:
        left.append(x.node.name)
        x = x.node.inputs[0]
    if _kind(x) == UPSAMPLING:
        left.append(x.node.name)
        x = x.node.inputs[0]
    if left:
        graph.finish((x,))
    return tuple(reversed(left))


def _kind(x: Tensor) -> str:
    return type(x.node.layer).__name__
