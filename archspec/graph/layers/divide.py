"""The quotient of two maps, an axis of 1 standing for every place: two (N, ...) -> (N, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import shared_config
from archspec.graph.layers.elementwise import Elementwise
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class Divide(Elementwise):
    """Our own layer, the first input by the second and `epsilon`, so that 0 by 0 is 0.

    The runtime has no division of int8, so it stays float32 there.
    """

    __slots__ = ()
    own = True
    most_inputs = 2

    def __init__(self, epsilon: float = 0.0, name: str | None = None) -> None:
        if epsilon < 0:
            raise Problem(f"epsilon must be at least 0 ({epsilon})")
        super().__init__(name)
        self.config = shared_config(Divide, epsilon=float(epsilon))

    def other_operations(self, node: Node) -> dict[str, int]:
        """One division an element, and one addition for each divisor."""
        raised = node.inputs[1].elements if self.config["epsilon"] else 0
        return {"elementwise": node.output.elements + raised}

    def emit(self, node: Node, program: Program) -> None:
        """ADD of epsilon where there is one, and DIV with the activation fused."""
        number, divisor = (program.ordered(tensor) for tensor in node.inputs)
        if self.config["epsilon"]:
            raised = program.activation(f"{node.name}.raised", node.inputs[1].shape)
            epsilon = program.numbers((self.config["epsilon"],), "float32", shape=())
            none = {"fused_activation_function": "NONE"}
            program.operate("ADD", [divisor, epsilon], raised, none, node.name, keep_float=True)
            divisor = raised
        tail = program.tail(node, fold_batch_norm=False)
        output = program.activation(tail.output.node.name, node.output.shape)
        options = {"fused_activation_function": tail.activation}
        program.operate("DIV", [number, divisor], output, options, node.name, keep_float=True)
        program.set(tail.output, Value(output))
