"""The index of the largest channel: (N, H, W, C) -> (N, H, W) int32, (N, C) -> (N) int32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.graph.layer import Layer, need_map
from archspec.graph.layers.resize import Resize
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

Sources = tuple[list[int], list[int]]


class ArgMax(Layer):
    """Our own layer: the label map, int32; of a vector one label."""

    __slots__ = ()
    own = True
    dtype = "int32"

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(H, W)`, or nothing for a vector: one number an image."""
        shape = inputs[0].shape
        return (shape[:-1] if len(shape) == 1 else need_map(inputs[0], self)[:2],)

    def other_operations(self, node: Node) -> dict[str, int]:
        """`C - 1` comparisons a pixel, or for each score that stands for several."""
        scores, _ = _scores(node)
        return {"argmax": scores.elements // scores.shape[-1] * (scores.shape[-1] - 1)}

    def emit(self, node: Node, program: Program) -> None:
        """ARG_MAX over channels; behind scores that are repeated, of each of them, and a GATHER of columns and rows."""
        scores, repeated = _scores(node)
        shape = scores.shape[:-1]
        labels = program.activation(node.name, shape, "int32")
        axis = program.numbers((len(scores.shape),), shape=())
        program.operate("ARG_MAX", [program.ordered(scores), axis], labels, {"output_type": "INT32"}, node.name)
        if repeated is not None:
            labels = _repeat(labels, shape, node.inputs[0].node.name, repeated, program)
        program.set(node.output, Value(labels))


def scores_of(node: Node) -> Tensor:
    """What the largest is taken of: the input, or what the resizing before it would only repeat."""
    return _scores(node)[0]


def _scores(node: Node) -> tuple[Tensor, Sources | None]:
    """What the largest is taken of, and how the resizing before it would repeat that, if it only did so."""
    before = node.inputs[0].node
    if isinstance(before.layer, Resize) and before.layer.repeats_labels(before):
        return before.inputs[0], before.layer.sources(before)
    return node.inputs[0], None


def _repeat(labels: int, shape: Shape, name: str, sources: Sources, program: Program) -> int:
    rows, columns = sources
    wide = program.activation(name, (shape[0], len(columns)), "int32")
    program.operate("GATHER", [labels, program.numbers(columns)], wide, {"axis": 2}, name)
    whole = program.activation(name, (len(rows), len(columns)), "int32")
    program.operate("GATHER", [wide, program.numbers(rows)], whole, {"axis": 1}, name)
    return whole
