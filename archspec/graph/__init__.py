"""The deferred graph: blocks call layers of Keras's names, and get nodes instead of weights.

Conventions, stated once. Shapes are per image, without the batch: `(H, W, C)`; the batch is 1 wherever it
counts. One multiply-add is one MAC; GFLOPs are 2 × GMACs of convolutions. `Tensor.stride` is the product
of the strides on the way to it, multiplied while tracing and never read off shapes (769 // 385 is 1).
"""

from archspec.graph.ranges import Range
from archspec.graph.tensor import Graph, Node, Origin, Tensor

__all__ = ["Graph", "Node", "Origin", "Range", "Tensor"]
