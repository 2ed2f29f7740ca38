"""What a data set's mean and variance make of each channel, both read from weights: (N, ..., C) -> (N, ..., C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.graph.layer import Layer, WeightSpec
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program

SMALLEST_DEVIATION = 1e-7  # Keras's
NONE = {"fused_activation_function": "NONE"}


class Normalization(Layer):
    """Our own layer, as Keras's `Normalization` that was adapted to data: `(x - mean) / deviation`, never trained.

    (Keras's own keeps what it computes with beside its weights, where they cannot be set.)
    """

    __slots__ = ()
    own = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`mean (C)`, `variance (C)`, and `count`, of how many numbers they are, which inference does not read."""
        channels = node.inputs[0].shape[-1:]
        return (
            WeightSpec("mean", channels, "zeros", False),
            WeightSpec("variance", channels, "ones", False),
            WeightSpec("count", (), "zeros", False),
        )

    def other_operations(self, node: Node) -> dict[str, int]:
        """A multiplication and an addition an element."""
        return {"elementwise": 2 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """MUL and ADD of constants."""
        source, channels = program.ordered(node.inputs[0]), node.output.channels
        factor = program.weight(f"{node.name}.factor", (channels,), lambda weights: _factor(node, weights))
        term = program.weight(
            f"{node.name}.term", (channels,), lambda weights: -weights[f"{node.name}/mean"] * _factor(node, weights)
        )
        scaled = program.activation(f"{node.name}.scaled", node.output.shape)
        program.operate("MUL", [source, factor], scaled, NONE, node.name)
        output = program.activation(node.name, node.output.shape)
        program.operate("ADD", [scaled, term], output, NONE, node.name)
        program.set(node.output, Value(output))


def _factor(node: Node, weights: Weights) -> Array:
    import numpy as np

    factor: Array = 1 / np.maximum(np.sqrt(weights[f"{node.name}/variance"]), SMALLEST_DEVIATION)
    return factor
