"""The channels in equal parts, in order: (N, H, W, C) -> `parts` × (N, H, W, C / parts)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Config, Layer
from archspec.graph.program.values import SCATTERED, Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ChannelSplit(Layer):
    """Our own layer: calling it gives a tuple of tensors."""

    __slots__ = ()
    own = True

    def __init__(self, parts: int = 2, name: str | None = None) -> None:
        super().__init__(_config(parts), name)

    def __call__(self, x: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:  # type: ignore[override]
        """The parts, in order."""
        return self.apply(x).outputs

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Equal parts; they must divide the channels."""
        *places, channels = inputs[0].shape
        parts: int = self.config["parts"]
        if channels % parts:
            raise Problem(f"{channels} channels cannot be split into {parts} equal parts", f"Use a multiple of {parts}")
        return ((*places, channels // parts),) * parts

    def emit(self, node: Node, program: Program) -> None:
        """Bookkeeping when shuffles are followed, else SPLIT."""
        source, parts = node.inputs[0], self.config["parts"]
        each = source.shape[-1] // parts
        if program.follow:
            channels = program.value(source).channels(source.shape[-1])
            for index, output in enumerate(node.outputs):
                program.set(output, Value(SCATTERED, None, channels.cut(index * each, (index + 1) * each)))
            return
        held = [program.activation(f"{node.name}.{index}", output.shape) for index, output in enumerate(node.outputs)]
        axis = program.numbers((len(source.shape),), shape=())
        program.operate("SPLIT", [axis, program.ordered(source)], held, {"num_splits": parts}, node.name)
        for output, tensor in zip(node.outputs, held, strict=True):
            program.set(output, Value(tensor))


@lru_cache(maxsize=256, typed=True)
def _config(parts: int) -> Config:
    return Config({"parts": parts})
