"""Matrix products of two tensors, leading axes as a batch: (N, ..., n, k) × (N, ..., k, m) -> (N, ..., n, m)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer, shared_config
from archspec.graph.layers.elementwise import described
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class MatMul(Layer):
    """Our own layer, since Keras has no product of two tensors as a layer with transpositions: attention's products.

    A transposed input has its last two axes the other way round.
    """

    __slots__ = ()
    own = True
    multiple_inputs = True
    multiplies_activations = True

    def __init__(self, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None) -> None:
        super().__init__(shared_config(MatMul, transpose_a=transpose_a, transpose_b=transpose_b), name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """`(..., n, m)`; leading axes are equal, or one of them 1. Raises `Problem` where the sizes do not fit."""
        if len(inputs) != 2:
            raise Problem(f"MatMul takes two tensors ({len(inputs)} given)")
        a, b = (tensor.shape for tensor in inputs)
        if len(a) != len(b) or len(a) < 2:
            raise self._misfit(inputs, "two of at least two axes, of one rank")
        rows, inner = _turned(a, self.config["transpose_a"])
        also_inner, columns = _turned(b, self.config["transpose_b"])
        if inner != also_inner:
            raise self._misfit(inputs, f"{inner} columns of the first meet {also_inner} rows of the second")
        leading = [max(pair) for pair in zip(a[:-2], b[:-2], strict=True)]
        if any(one not in (size, 1) for both in (a, b) for one, size in zip(both[:-2], leading, strict=True)):
            raise self._misfit(inputs, "the leading axes differ")
        return ((*leading, rows, columns),)

    def _misfit(self, inputs: tuple[Tensor, ...], why: str) -> Problem:
        first, second = map(described, inputs)
        return Problem(f"MatMul of {first} and {second}: {why}", "Reshape, permute or transpose one of them")

    def macs(self, node: Node) -> int:
        """`n · k · m` for each matrix of the batch: a product of two activations."""
        return node.output.elements * _turned(node.inputs[0].shape, self.config["transpose_a"])[1]

    def window(self, node: Node) -> None:
        """A row meets every column: it sees everything."""
        return

    def emit(self, node: Node, program: Program) -> None:
        """BATCH_MATMUL; XNNPACK takes a transposed second input, and a transposed first one from a TRANSPOSE."""
        a, b = (program.ordered(tensor) for tensor in node.inputs)
        if self.config["transpose_a"]:
            shape = node.inputs[0].shape
            axes = (*range(len(shape) - 1), len(shape), len(shape) - 1)
            turned = program.activation(f"{node.name}.turned", (*shape[:-2], shape[-1], shape[-2]))
            program.operate("TRANSPOSE", [a, program.numbers(axes)], turned, {}, node.name)
            a = turned
        output = program.activation(node.name, node.output.shape)
        options = {"adj_x": False, "adj_y": self.config["transpose_b"]}
        program.operate("BATCH_MATMUL", [a, b], output, options, node.name)
        program.set(node.output, Value(output))


def _turned(shape: Shape, transposed: bool) -> tuple[int, int]:
    """Rows and columns of a matrix as they are multiplied."""
    rows, columns = shape[-2:]
    return (columns, rows) if transposed else (rows, columns)
