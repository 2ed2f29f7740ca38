"""A learnt array added to a map or a row of tokens, stretched to its size: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.arrays import Array, Weights
from archspec.errors import Problem
from archspec.graph.layer import Layer, WeightSpec, shared_config
from archspec.graph.layers.elementwise import described
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor
from archspec.graph.weights import check_initializer

if TYPE_CHECKING:
    from archspec.graph.program import Program


class PositionEmbedding(Layer):
    """Our own layer. `size` is that of the learnt array, without the channels, so that one checkpoint serves all sizes.

    The array is stretched linearly, pixel centres aligned (PyTorch's `align_corners=False`), when the file is written;
    an axis of 1 stands for every place. SeaFormer's axial embeddings are (16, 1) and (1, 16) on squeezed maps.
    """

    __slots__ = ()
    own = True

    def __init__(
        self, size: int | Sequence[int], initializer: str = "truncated_normal(0.02)", name: str | None = None
    ) -> None:
        check_initializer(initializer)
        each = (size,) if isinstance(size, int) else tuple(size)
        if any(type(one) is not int or one < 1 for one in each):
            raise Problem(f"size must be of positive integers ({list(each)})")
        super().__init__(shared_config(PositionEmbedding, size=each, initializer=initializer), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged. Raises `Problem` unless there is a size for each axis but the channels."""
        size = self.config["size"]
        if len(size) != len(inputs[0].shape) - 1:
            fact = f"a position embedding of size {list(size)} on {described(inputs[0])}"
            raise Problem(fact, "Give one size for each axis but the channels")
        return (inputs[0].shape,)

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """`embedding (*size, C)`."""
        shape = (*self.config["size"], node.inputs[0].channels)
        return (WeightSpec("embedding", shape, self.config["initializer"], True),)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One addition an element; the stretching is done once, before there is an image."""
        return {"elementwise": node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """ADD of a constant, with the activation fused; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        layout, size = value.layout, self.config["size"]
        places = tuple(1 if old == 1 else new for old, new in zip(size, node.output.shape[:-1], strict=True))
        tail = program.tail(node, fold_batch_norm=False)

        def recipe(weights: Weights) -> Array:
            array = stretched(weights[f"{node.name}/embedding"], places)
            return array if layout is None else array[..., layout.order]

        learnt = program.weight(f"{node.name}.embedding", (*places, node.output.channels), recipe)
        output = program.activation(tail.output.node.name, node.output.shape)
        options = {"fused_activation_function": tail.activation}
        program.operate("ADD", [value.tensor, learnt], output, options, node.name)
        program.set(tail.output, Value(output, layout))


def stretched(array: Array, places: Sequence[int]) -> Array:
    """The array linearly stretched to `places` on its first axes."""
    for axis, new in enumerate(places):
        if array.shape[axis] != new:
            array = (stretching(array.shape[axis], new) @ array.swapaxes(axis, -2)).swapaxes(axis, -2)
    return array


def stretching(old: int, new: int) -> Array:
    """`(new, old)`: how much of each old position is in each new one, pixel centres aligned, the ends held."""
    import numpy as np  # only with weights at hand

    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    below = np.minimum(centres.astype(int), max(old - 2, 0))
    matrix = np.zeros((new, old))
    rows = np.arange(new)
    matrix[rows, below] = 1 - (centres - below)
    matrix[rows, np.minimum(below + 1, old - 1)] += centres - below
    return matrix
