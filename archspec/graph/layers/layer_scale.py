"""A learnt factor for each channel, which starts small: (N, ..., C) -> (N, ..., C)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.graph.layer import Layer, WeightSpec, shared_config
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape

if TYPE_CHECKING:
    from archspec.graph.program import Program


class LayerScale(Layer):
    """Our own layer, of ConvNeXt and SegNeXt (arXiv:2103.17239): what a residual branch adds begins near nothing."""

    __slots__ = ()
    own = True

    def __init__(self, initial_value: float = 1e-6, name: str | None = None) -> None:
        super().__init__(shared_config(LayerScale, initial_value=float(initial_value)), name)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`gamma (C)`."""
        return _arrays(node.inputs[0].shape[-1:], self.config["initial_value"])

    def other_operations(self, node: Node) -> dict[str, int]:
        """One multiplication an element."""
        return {"elementwise": node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """MUL with the activation fused; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        layout, channels = value.layout, node.output.channels
        tail = program.tail(node, fold_batch_norm=False)

        def gamma(weights: Weights) -> Array:
            array = weights[f"{node.name}/gamma"]
            return array if layout is None else array[layout.order]

        factor = program.weight(f"{node.name}.gamma", (channels,), gamma)
        output = program.activation(tail.output.node.name, node.output.shape)
        options = {"fused_activation_function": tail.activation}
        program.operate("MUL", [value.tensor, factor], output, options, node.name)
        program.set(tail.output, Value(output, layout))


@lru_cache(maxsize=256)
def _arrays(shape: Shape, initial_value: float) -> tuple[WeightSpec, ...]:
    return (WeightSpec("gamma", shape, f"constant({initial_value:.12f})", True),)
