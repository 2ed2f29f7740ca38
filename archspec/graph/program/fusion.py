"""What lives inside the operator before it: batch norm as scaled weights, dropout as nothing, ReLU as a clamp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.graph.tensor import Node, Tensor

if TYPE_CHECKING:
    import numpy as np

    from archspec.graph.program.program import Weights


class Tail:
    """The nodes folded into an operator: at most one batch norm, dropouts, at most one activation, in that order."""

    __slots__ = ("activation", "batch_norm", "node_ids", "output")

    def __init__(self, output: Tensor) -> None:
        self.output = output
        self.batch_norm: Node | None = None
        self.activation = "NONE"
        self.node_ids: list[int] = []


def find_tail(node: Node, fold_batch_norm: bool) -> Tail:
    """Follow the only consumer as long as it can be folded. A tensor that is also a network output ends the chain."""
    tail = Tail(node.outputs[0])
    network_outputs = node.graph.outputs
    while len(tail.output.consumers) == 1 and tail.output not in network_outputs:
        follower = tail.output.consumers[0]
        layer = follower.layer
        if type(layer).__name__ == "BatchNormalization" and fold_batch_norm and tail.batch_norm is None:
            tail.batch_norm = follower
        elif layer.fused is not None:
            tail.activation = layer.fused
        elif not layer.vanishes:
            break
        tail.node_ids.append(id(follower))
        tail.output = follower.outputs[0]
        if tail.activation != "NONE":
            break
    return tail


def scale_and_shift(weights: Weights, batch_norm: Node) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
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
