"""Activations that no operator carries inside it: sigmoid, hard sigmoid, hard swish, tanh: (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem, nearest
from archspec.graph.layer import Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program

OPERATORS = {"sigmoid": "LOGISTIC", "tanh": "TANH", "hard_swish": "HARD_SWISH"}
NAMES = (*OPERATORS, "hard_sigmoid")


class Activation(Layer):
    """Keras `Activation`; ReLU and ReLU6 are layers of their own, since runtimes fuse them."""

    __slots__ = ()

    def __init__(self, activation: str, name: str | None = None) -> None:
        if activation not in NAMES:
            raise Problem(f"unknown activation '{activation}'", nearest(activation, NAMES))
        super().__init__({"activation": activation}, name)

    def other_operations(self, node: Node) -> dict[str, int]:
        """Counted as four an element: an exponential or a clamp, and what is around it."""
        return {"activation": 4 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """LOGISTIC, TANH or HARD_SWISH; hard sigmoid is ADD 3 with RELU6, then MUL 1/6."""
        value = program.whole(node.inputs[0])
        activation = self.config["activation"]
        output = program.activation(node.name, node.output.shape)
        if activation in OPERATORS:
            program.operate(OPERATORS[activation], [value.tensor], output, {}, node.name)
        else:
            clamped = program.activation(f"{node.name}.clamped", node.output.shape)
            three = program.numbers((3.0,), "float32", shape=())
            sixth = program.numbers((1 / 6,), "float32", shape=())
            relu6 = {"fused_activation_function": "RELU6"}
            program.operate("ADD", [value.tensor, three], clamped, relu6, node.name)
            program.operate("MUL", [clamped, sixth], output, {"fused_activation_function": "NONE"}, node.name)
        program.set(node.output, Value(output, value.layout))
