"""ReLU with a learnt slope below zero, one a channel: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.graph.layer import Layer, WeightSpec, need_map
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node
from archspec.graph.weights import check_initializer

if TYPE_CHECKING:
    from archspec.graph.program import Program


class PReLU(Layer):
    """Keras `PReLU` with `shared_axes=[1, 2]`."""

    __slots__ = ()

    def __init__(self, alpha_initializer: str = "zeros", name: str | None = None) -> None:
        check_initializer(alpha_initializer)
        super().__init__({"alpha_initializer": alpha_initializer, "shared_axes": (1, 2)}, name)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`alpha (1, 1, C)`."""
        channels = need_map(node.inputs[0], self)[2]
        return (WeightSpec("alpha", (1, 1, channels), self.config["alpha_initializer"], True),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """A comparison and a multiplication an element."""
        return {"activation": 2 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """PRELU; the channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        layout, channels = value.layout, node.output.channels

        def alpha(weights: Weights) -> Array:
            array = weights[f"{node.name}/alpha"]
            return array if layout is None else array[..., layout.order]

        output = program.activation(node.name, node.output.shape)
        slope = program.weight(f"{node.name}.alpha", (1, 1, channels), alpha)
        program.operate("PRELU", [value.tensor, slope], output, {}, node.name)
        program.set(node.output, Value(output, layout))
