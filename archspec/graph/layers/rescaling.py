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
        """MUL and SUB; a uint8 image is scaled by DEQUANTIZE, which reads a quarter of the bytes."""
        source = program.ordered(node.inputs[0])
        scale, offset = self.config["scale"], self.config["offset"]
        output = node.output
        scaled = program.activation(f"{node.name}.scaled", output.shape)
        if program.tensors[source].dtype == "uint8":
            stands_for = program.tensors[source].scale  # of one image there is one, even where two layers rescale it
            if stands_for is None:
                stands_for = program.tensors[source].scale = scale if isinstance(scale, float) and scale else 1.0
            factors = [one / stands_for for one in ([scale] if isinstance(scale, float) else scale)]
            program.operate("DEQUANTIZE", [source], scaled, {}, node.name)
            if factors != [1.0]:
                source, scaled = scaled, program.activation(f"{node.name}.scaled_channels", output.shape)
                _binary(program, "MUL", source, factors, scaled, node.name)
        else:
            _binary(program, "MUL", source, [scale] if isinstance(scale, float) else list(scale), scaled, node.name)
        held = program.activation(node.name, output.shape)
        negative = [-offset] if isinstance(offset, float) else [-one for one in offset]
        _binary(program, "SUB", scaled, negative, held, node.name)
        program.set(output, Value(held))


def _plain(value: Numbers) -> float | tuple[float, ...]:
    return float(value) if isinstance(value, (int, float)) else tuple(float(one) for one in value)


def _binary(program: Program, code: str, source: int, numbers: list[float], output: int, node: str) -> None:
    constant = program.numbers(numbers, "float32", () if len(numbers) == 1 else None)
    program.operate(code, [source, constant], output, {"fused_activation_function": "NONE"}, node)
