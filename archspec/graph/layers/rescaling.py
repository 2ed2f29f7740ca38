"""`scale · x + offset`, from the image's numbers to the network's: (N, H, W, C) -> (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

Numbers = float | Sequence[float]


class Rescaling(Layer):
    """Keras `Rescaling`; scale and offset are numbers, or one a channel."""

    __slots__ = ()
    accepts = ("float32", "uint8")

    def __init__(self, scale: Numbers, offset: Numbers = 0.0, name: str | None = None) -> None:
        super().__init__({"scale": _plain(scale), "offset": _plain(offset)}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """Unchanged; as many numbers as channels, where there is more than one."""
        channels = inputs[0].channels
        for argument, value in self.config.items():
            if isinstance(value, tuple) and len(value) != channels:
                raise Problem(
                    f"{argument} has {len(value)} numbers for {channels} channels", "Give one a channel, or one"
                )
        return (inputs[0].shape,)

    def other_operations(self, node: Node) -> dict[str, int]:
        """One multiplication and one addition an element."""
        return {"elementwise": 2 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """MUL and SUB, without what would change nothing; DEQUANTIZE scales bytes, and reads a quarter as many."""
        source = program.ordered(node.inputs[0])
        scale, offset = self.config["scale"], self.config["offset"]
        factors = [scale] if isinstance(scale, float) else list(scale)
        terms = [-offset] if isinstance(offset, float) else [-one for one in offset]
        steps: list[tuple[str, list[float] | None]] = []
        if program.tensors[source].dtype == "uint8":
            stands_for = program.tensors[source].scale  # of one image there is one, even where two layers rescale it
            if stands_for is None:
                stands_for = program.tensors[source].scale = factors[0] if isinstance(scale, float) and scale else 1.0
            factors = [one / stands_for for one in factors]
            steps.append(("DEQUANTIZE", None))
        if any(one != 1.0 for one in factors):
            steps.append(("MUL", factors))
        if any(terms) or not steps:
            steps.append(("SUB", terms))
        for number, (code, values) in enumerate(steps, 1):
            name = node.name if number == len(steps) else f"{node.name}.{code.lower()}"
            output = program.activation(name, node.output.shape)
            _operate(program, code, source, values, output, node.name)
            source = output
        program.set(node.output, Value(source))


def _plain(value: Numbers) -> float | tuple[float, ...]:
    return float(value) if isinstance(value, (int, float)) else tuple(float(one) for one in value)


def _operate(program: Program, code: str, source: int, values: list[float] | None, output: int, node: str) -> None:
    if values is None:
        program.operate(code, [source], output, {}, node)
        return
    constant = program.numbers(values, "float32", () if len(values) == 1 else None)
    program.operate(code, [source, constant], output, {"fused_activation_function": "NONE"}, node)
