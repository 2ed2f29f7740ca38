"""The graph of a stage: the spec's, for the data's classes and the crop's size, up to its logits; or cut in two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archspec.arrays import Array, Weights
from archspec.datasets import Dataset
from archspec.errors import Problem
from archspec.graph import Graph, Node, Tensor, gives_masks, is_within, repeat, split_ranges, weight_specs
from archspec.graph.layers import Input
from archspec.network import Network
from archspec.spec import Spec, override

BINARY_CLASSES = 2
WITHOUT_MASKS = ("argmax", "softmax", "logits", "none")  # outputs that need not be traced to be known


def makes_masks(spec: Spec) -> bool:
    """Whether a spec's network gives masks, each class by itself (`output: sigmoid`). Raises `UserError`."""
    return spec.values["output"] not in WITHOUT_MASKS and gives_masks(Network(spec).graph)


def trained_classes(spec: Spec, dataset: Dataset) -> int:
    """How many scores a network gives when it is trained on a data set: one a class.

    A network of masks and a single score (`classes: 1`) tells the second of two classes from the first.
    """
    classes = len(dataset.classes)
    of_foreground = spec.values["classes"] == 1 and classes == BINARY_CLASSES and not dataset.multi_label
    return 1 if of_foreground and makes_masks(spec) else classes


def network_for(
    spec: Spec, classes: int, size: tuple[int, int], momentum: float | None = None, *, auxiliary: bool = False
) -> Network:
    """The spec's network that reads a float image `size` (height, width) and gives logits. Raises `UserError`.

    `momentum` replaces that of every batch norm; with `auxiliary` it has its auxiliary heads as further outputs.
    Weights are named by graph path and do not depend on the size: those of a crop's network fit a whole image's.
    """
    changes = {"classes": classes, "input.size": list(size), "input.dtype": "float32", "output": "logits"}
    network = Network(override(spec, changes))
    if auxiliary:
        network = network.with_auxiliary()
    if momentum is not None:
        for node in network.graph.nodes:  # nobody else has this graph yet
            if type(node.layer).__name__ == "BatchNormalization":
                node.layer.config = node.layer.config.changed(momentum=momentum)
    return network


def graph_for(spec: Spec, classes: int, size: tuple[int, int], momentum: float | None = None) -> Graph:
    """The graph of `network_for`. Raises `UserError`."""
    return network_for(spec, classes, size, momentum).graph


def without_upsampling(graph: Graph) -> Graph:
    """The same graph, every output ending before the resizing that nothing with weights comes after."""
    ends = []
    for end in graph.outputs:
        while type(end.node.layer).__name__ == "Resize":
            end = end.node.inputs[0]
        ends.append(end)
    graph.finish(ends)
    return graph


def network_weights(weights: Weights, graph: Graph) -> dict[str, Array]:
    """Of the weights that a training has, those of the network: without those of auxiliary heads or a projection, and
    with int8 ranges."""
    return {key: weights[key] for key, _, _ in weight_specs(graph) if key in weights} | split_ranges(weights)[1]


def carried(weights: Weights, network: Network, seed: int) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The weights of one stage in the network of the next, and the names of those that begin afresh.

    Fresh is what the earlier network lacks or has in another shape, as a classifier of other classes.
    """
    fresh = network.fresh_weights(seed)
    kept = {key: array for key, array in weights.items() if key in fresh and fresh[key].shape == array.shape}
    return {**fresh, **kept}, tuple(key for key in fresh if key not in kept)


TRAINING_ONLY = ("auxiliary", "teacher")  # first words in the names of layers that only a training has
RANDOM = ("Dropout", "SpatialDropout2D")


@dataclass(frozen=True)
class Cut:
    """`front` gives the tensors that cross, in the order of `rear`'s inputs; nodes keep their names."""

    front: Graph
    rear: Graph

    def split(self, weights: Weights) -> tuple[dict[str, Any], dict[str, Any]]:
        """A whole network's weights as those of the front and those of the rear."""
        fronts = {key for key, _, _ in weight_specs(self.front)}
        return (
            {key: array for key, array in weights.items() if key in fronts},
            {key: array for key, array in weights.items() if key not in fronts},
        )


def cut_graph(graph: Graph, frozen: tuple[str, ...]) -> Cut:
    """Cut behind everything that lies in `frozen` places.

    Raises `Problem` when nothing does, when all does, when the front is random in training, or when something that is
    trained stands before something frozen.
    """
    asked = {id(node) for node in graph.nodes if is_within(node.name, frozen)}
    if not asked:
        raise Problem(f"the network has nothing in {' or '.join(frozen)}", "Name a section, such as backbone")
    before = graph_sources(graph, asked)
    for node in graph.nodes:
        if id(node) in before:
            _check(node, frozen)
    crossing = _crossing(graph, before)
    rear = [node for node in graph.nodes if id(node) not in before]
    if not any(True for node in rear if not is_within(node.name, TRAINING_ONLY) for _ in node.layer.weights(node)):
        raise Problem("all of the network is frozen", "Leave a section to be trained")
    return Cut(_front(graph, before, crossing), _rear(graph, rear, crossing))


def graph_sources(graph: Graph, nodes: set[int]) -> set[int]:
    """These nodes and all that they are made of."""
    found = set(nodes)
    for node in reversed(graph.nodes):
        if id(node) in found:
            found |= {id(tensor.node) for tensor in node.inputs}
    return found


def _check(node: Node, frozen: tuple[str, ...]) -> None:
    if type(node.layer).__name__ in RANDOM:
        raise Problem(f"'{node.name}' is random in training", "Freeze without cache_features, or without its dropout")
    if node.layer.weights(node) and not is_within(node.name, frozen):
        raise Problem(f"'{node.name}' is trained, and stands before what is frozen", "Freeze it too")


def _crossing(graph: Graph, before: set[int]) -> list[Tensor]:
    """The tensors of the front that the rest, or whoever runs the network, reads."""
    found = []
    for node in graph.nodes:
        if id(node) in before:
            for tensor in node.outputs:
                read = any(id(reader) not in before for reader in tensor.consumers)
                if read or any(tensor is one for one in graph.outputs):
                    found.append(tensor)
    return found


def _front(graph: Graph, before: set[int], crossing: list[Tensor]) -> Graph:
    front = Graph(graph.name)
    made: dict[int, Tensor] = {}
    for node in graph.nodes:
        if id(node) in before:
            repeat(node, front, made)
    front.finish([made[id(tensor)] for tensor in crossing])
    return front


def _rear(graph: Graph, nodes: list[Node], crossing: list[Tensor]) -> Graph:
    rear = Graph(graph.name)
    made: dict[int, Tensor] = {}
    for tensor in crossing:
        name = tensor.node.name if not tensor.index else f"{tensor.node.name}.{tensor.index}"
        entered = Input(tensor.shape, tensor.dtype, name=name).enter(rear)
        entered.stride = tensor.stride
        made[id(tensor)] = entered
    for node in nodes:
        repeat(node, rear, made)
    rear.finish([made[id(tensor)] for tensor in graph.outputs])
    return rear
