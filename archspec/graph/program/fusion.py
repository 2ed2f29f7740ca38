"""What lives inside the operator before it: batch norm as scaled weights, dropout as nothing, ReLU as a clamp."""

from __future__ import annotations

from archspec.arrays import Array, Weights
from archspec.graph.tensor import Node, Tensor


class Tail:
    """The nodes folded into an operator: at most one batch norm, dropouts, at most one activation, in that order."""

    __slots__ = ("activation", "batch_norm", "node_ids", "output")

    def __init__(self, output: Tensor, batch_norm: Node | None, activation: str, node_ids: list[int]) -> None:
        self.output = output
        self.batch_norm = batch_norm
        self.activation = activation
        self.node_ids = node_ids


def find_tail(node: Node, fold_batch_norm: bool) -> Tail:
    """Follow the only consumer as long as it can be folded. A tensor that is also a network output ends the chain."""
    output, network_outputs = node.outputs[0], node.graph.outputs
    batch_norm: Node | None = None
    activation: str | None = None
    node_ids: list[int] = []
    while activation is None and len(output.consumers) == 1 and output not in network_outputs:
        follower = output.consumers[0]
        layer = follower.layer
        if layer.normalises and fold_batch_norm and batch_norm is None:
            batch_norm = follower
        else:
            activation = layer.fused
            if activation is None and not layer.vanishes:
                break
        node_ids.append(id(follower))
        output = follower.outputs[0]
    return Tail(output, batch_norm, activation or "NONE", node_ids)


def scale_and_shift(weights: Weights, batch_norm: Node) -> tuple[Array, Array]:
    """Batch norm at inference as `scale · x + shift`, each `(C,)` in float64."""
    name, config = batch_norm.name, batch_norm.layer.config
    mean = weights[f"{name}/moving_mean"].astype("float64")
    scale = (weights[f"{name}/moving_variance"].astype("float64") + config["epsilon"]) ** -0.5
    if config["scale"]:
        scale = scale * weights[f"{name}/gamma"]
    shift = -mean * scale
    if config["center"]:
        shift = shift + weights[f"{name}/beta"]
    return scale, shift
