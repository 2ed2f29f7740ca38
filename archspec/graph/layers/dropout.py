"""Dropout: something in training, nothing at inference: (N, ...) -> (N, ...)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.graph.layer import Layer
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Dropout(Layer):
    """Keras `Dropout`; `rate` is the share dropped (a keep probability of 0.9 is a rate of 0.1).

    `noise_shape` is that of what is dropped, with the batch: `(null, 1, 1, 1)` drops a whole image's map at once.
    """

    __slots__ = ()
    vanishes = True

    def __init__(self, rate: float, noise_shape: Sequence[int | None] | None = None, name: str | None = None) -> None:
        given = {} if noise_shape is None else {"noise_shape": tuple(noise_shape)}
        super().__init__({"rate": rate, **given}, name)

    def emit(self, node: Node, program: Program) -> None:
        """No operator: the same value under another name."""
        program.set(node.output, program.value(node.inputs[0]))
