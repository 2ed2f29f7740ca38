"""Normalisation over all places and a group of channels of one image: (N, ..., C) -> (N, ..., C)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, WeightSpec
from archspec.graph.layers.layer_normalization import (
    emit_normalised,
    emit_scaled,
    gamma_and_beta,
    normalising_operations,
)
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class GroupNormalization(Layer):
    """Keras `GroupNormalization` on the last axis; `groups` of -1 are as many as channels."""

    __slots__ = ()

    def __init__(
        self,
        groups: int = 32,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        name: str | None = None,
    ) -> None:
        if groups < 1 and groups != -1:
            raise Problem(f"groups must be at least 1, or -1 for one a channel ({groups})")
        super().__init__({"groups": groups, "epsilon": epsilon, "center": center, "scale": scale}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged. Raises `Problem` where the groups do not divide the channels."""
        groups, channels = self.config["groups"], inputs[0].channels
        if groups != -1 and channels % groups:
            raise Problem(f"{channels} channels in {groups} groups", "Let the groups divide the channels")
        return (inputs[0].shape,)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`gamma` and `beta`, one a channel."""
        return gamma_and_beta(self, node.inputs[0].shape[-1:])

    def other_operations(self, node: Node) -> dict[str, int]:
        """Five an element: two sums, a difference, its square, a product; one more for the scale and for the shift."""
        return normalising_operations(self, node)

    def window(self, node: Node) -> None:
        """It sees everything."""
        return

    def emit(self, node: Node, program: Program) -> None:
        """RESHAPE into groups, layer normalisation's operators, RESHAPE back; MUL and ADD. Float32 at int8 too."""
        source, name = node.inputs[0], node.name
        channels = source.channels
        groups = channels if self.config["groups"] == -1 else self.config["groups"]
        grouped = (prod(source.shape[:-1]), groups, channels // groups)
        split = program.activation(f"{name}.grouped", grouped)
        program.operate("RESHAPE", [program.ordered(source), program.numbers((1, *grouped))], split, {}, name)
        normal = emit_normalised(node, program, split, grouped, (0, 2))
        held = program.activation(f"{name}.whole", source.shape)
        whole = program.numbers((1, *source.shape))
        program.operate("RESHAPE", [normal, whole], held, {}, name, keep_float=True)
        emit_scaled(node, program, held, (channels,), None, None)
