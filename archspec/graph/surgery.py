"""Changes of a traced graph: without its tail, or again, node by node, with layers left out or entered from elsewhere.

The tail of a segmentation network: its scores of the classes, the last upsampling, and what follows it.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from archspec.errors import Fault, Problem, UserError
from archspec.graph.tensor import Graph, Node, Tensor

LABELLING = ("ArgMax", "Softmax")
UPSAMPLING = "Resize"
MAP_AXES, VECTOR_AXES = 3, 1  # height, width, channels; channels of the whole image


def cut_tail(graph: Graph) -> tuple[str, ...]:
    """Let a freshly traced graph end before its last upsampling; the names of the nodes left out, first to last.

    Without an upsampling at the end (a decoder of transposed convolutions) only ArgMax and Softmax go. Empty when
    there is nothing to leave out, and then the graph is as it was.
    """
    x, left = graph.outputs[0], []
    while _labels(x):
        left.append(x.node.name)
        x = x.node.inputs[0]
    if _kind(x) == UPSAMPLING:
        left.append(x.node.name)
        x = x.node.inputs[0]
    if left:
        graph.finish((x,))
    return tuple(reversed(left))


def without_labelling(graph: Graph) -> Graph:
    """A graph that ends in scores: the graph itself, or a copy without the ArgMax, Softmax or sigmoid at its end."""
    if not _labels(graph.outputs[0]):
        return graph
    copied = without_layers(graph, ())
    copied.finish((scores_of(copied.outputs[0]),))
    return copied


def scores_of(x: Tensor) -> Tensor:
    """What an ArgMax, Softmax or sigmoid at the end reads; the tensor itself where there is none."""
    while _labels(x):
        x = x.node.inputs[0]
    return x


def check_scores(x: Tensor, classes: int) -> None:
    """Refuse a network that would train for nothing: `x`, what it gives back, must be of one score a class.

    Raises `UserError` with the place of the section that made another number of channels, or of the ArgMax or Softmax
    of one class, which always gives the same.
    """
    labelling = x.node if _labels(x) else None
    x = scores_of(x)
    if len(x.shape) not in (VECTOR_AXES, MAP_AXES):
        return
    if x.channels != classes:
        raise UserError(_other_channels(x, classes))
    if labelling is not None and classes == 1 and not is_sigmoid(labelling.output):
        fact = f"{type(labelling.layer).__name__} of a single class gives the same whatever the network has learnt"
        remedy = "Write output: sigmoid (one score, the foreground's), or classes: 2 (what is of no class is one too)"
        raise UserError(Fault(fact, remedy, labelling.origin.section, labelling.origin.section_place))


def _other_channels(x: Tensor, classes: int) -> Fault:
    """The fault of an output that is no scores of the classes, at the section that its channels come from."""
    node = x.node
    while node.inputs and node.inputs[0].shape[-1:] == x.shape[-1:] and node.inputs[0].node.origin.section:
        node = node.inputs[0].node
    section = node.origin.section
    remedy = {
        "decoder": "Let the decoder end with one channel a class: its last step may be - scores",
        "classifier": "Let the classifier end with one channel a class: classifier: classifier",
        "output": "Take what changes the channels out of output",
    }.get(section, "Write classifier: classifier, which makes one score a class")
    if section == "backbone" and len(x.shape) == VECTOR_AXES:
        remedy = f"Write classes: {x.channels}, or take the network as a backbone, without its classifier"
    fact = f"the network ends with {x.channels} channels ({section}), not with one for each of {classes} classes"
    return Fault(fact, remedy, section, node.origin.section_place)


def _labels(x: Tensor) -> bool:
    """Whether it is made of scores by the layer that ends a network."""
    return _kind(x) in LABELLING or is_sigmoid(x)


def is_sigmoid(x: Tensor) -> bool:
    """Whether it is made by a sigmoid."""
    return _kind(x) == "Activation" and x.node.layer.config["activation"] == "sigmoid"


def _kind(x: Tensor) -> str:
    return type(x.node.layer).__name__


Made = dict[int, Tensor]
"""Which tensor of the new graph stands for which of the old one, by the old one's `id`."""


def repeat(node: Node, graph: Graph, made: Made) -> None:
    """The same layer of the same name in another graph, on what stands there for its inputs."""
    graph.origin, graph.keeps_float = node.origin, node.keeps_float
    layer: Any = copy.copy(node.layer)
    layer.name = node.name
    if not node.inputs:
        outputs = (layer.enter(graph),)
    else:
        inputs = [made[id(tensor)] for tensor in node.inputs]
        outputs = layer.apply(inputs if layer.multiple_inputs else inputs[0]).outputs
    made.update((id(old), new) for old, new in zip(node.outputs, outputs, strict=True))


def without_layers(graph: Graph, kinds: Collection[str]) -> Graph:
    """The graph without its layers of these classes: what reads one reads its input instead, of several the largest.

    Raises `Problem` where that has another shape.
    """
    found = Graph(graph.name)
    found.variables = graph.variables
    found.cut = graph.cut
    found.kept_float = graph.kept_float
    made: Made = {}
    for node in graph.nodes:
        if type(node.layer).__name__ in kinds:
            largest = max(node.inputs, key=lambda tensor: tensor.elements)
            if largest.shape != node.output.shape:
                raise Problem(f"'{node.name}' changes the shape of what it reads, and cannot be left out")
            made[id(node.output)] = made[id(largest)]
        else:
            repeat(node, found, made)
    found.finish([made[id(tensor)] for tensor in graph.outputs])
    return found
