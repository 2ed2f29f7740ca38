"""Fixed rows of non-negative numbers, of length 1 each, as wide as the input: (N, ..., C) -> (N, rank, C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, WeightSpec
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.arrays import Array, Weights
    from archspec.graph.program import Program


class Bases(Layer):
    """Our own layer: where a matrix factorisation starts. Training leaves them as they were drawn; of its input only
    the width is read.
    """

    __slots__ = ()
    own = True

    def __init__(self, rank: int, name: str | None = None) -> None:
        if rank < 1:
            raise Problem(f"rank must be at least 1 ({rank})")
        super().__init__({"rank": rank}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(rank, C)`."""
        return ((self.config["rank"], inputs[0].channels),)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`bases (rank, C)`, which training does not count."""
        return (WeightSpec("bases", node.output.shape, "unit_rows", False),)

    def emit(self, node: Node, program: Program) -> None:
        """No operator: a constant."""

        def recipe(weights: Weights) -> Array:
            return weights[f"{node.name}/bases"][None]

        program.set(node.output, Value(program.weight(node.name, (1, *node.output.shape), recipe)))
