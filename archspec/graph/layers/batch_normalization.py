"""Batch normalisation over channels: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.graph.layer import Config, Layer, WeightSpec
from archspec.graph.program.fusion import scale_and_shift
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape

if TYPE_CHECKING:
    from archspec.graph.program import Program


class BatchNormalization(Layer):
    """Keras `BatchNormalization`; the moving statistics are weights that training does not count."""

    __slots__ = ()
    normalises = True

    def __init__(
        self,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(_config(momentum, epsilon, center, scale), name)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`gamma`, `beta`, `moving_mean`, `moving_variance`, each `(C)`."""
        return _arrays(node.inputs[0].shape[-1:], self.config["scale"], self.config["center"])

    def other_operations(self, node: Node) -> dict[str, int]:
        """A multiplication and an addition an element, where it is not folded into a convolution."""
        return {"batch_norm": 2 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """MUL and ADD: only where no convolution is in front of it, which would have taken it in."""
        value = program.whole(node.inputs[0])
        layout, shape = value.layout, node.output.shape
        channels = shape[-1]
        tail = program.tail(node, fold_batch_norm=False)

        def recipe(which: int, weights: Weights) -> Array:
            array = scale_and_shift(weights, node)[which]
            return array if layout is None else array[layout.order]

        factor = program.weight(f"{node.name}.scale", (channels,), lambda weights: recipe(0, weights))
        term = program.weight(f"{node.name}.shift", (channels,), lambda weights: recipe(1, weights))
        scaled = program.activation(f"{node.name}.scaled", shape)
        program.operate("MUL", [value.tensor, factor], scaled, {"fused_activation_function": "NONE"}, node.name)
        output = program.activation(tail.output.node.name, shape)
        program.operate("ADD", [scaled, term], output, {"fused_activation_function": tail.activation}, node.name)
        program.set(tail.output, Value(output, layout))


@lru_cache(maxsize=256, typed=True)
def _config(momentum: float, epsilon: float, center: bool, scale: bool) -> Config:
    return Config({"momentum": momentum, "epsilon": epsilon, "center": center, "scale": scale})


@lru_cache(maxsize=1024)
def _arrays(shape: Shape, scale: bool, center: bool) -> tuple[WeightSpec, ...]:
    gamma = (WeightSpec("gamma", shape, "ones", True),) if scale else ()
    beta = (WeightSpec("beta", shape, "zeros", True),) if center else ()
    mean, variance = (
        WeightSpec("moving_mean", shape, "zeros", False),
        WeightSpec("moving_variance", shape, "ones", False),
    )
    return (*gamma, *beta, mean, variance)
