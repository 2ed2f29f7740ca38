"""Activations that no operator carries inside it: sigmoid, gelu, silu, hard swish, tanh, …: (N, ...) -> (N, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from archspec.errors import Problem, nearest
from archspec.graph.layer import Layer, shared_config
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program
    from archspec.graph.program.program import Options

OPERATORS: dict[str, tuple[str, Options]] = {
    "elu": ("ELU", {}),
    "exponential": ("EXP", {}),
    "gelu": ("GELU", {"approximate": False}),
    "gelu_tanh": ("GELU", {"approximate": True}),
    "hard_swish": ("HARD_SWISH", {}),
    "sigmoid": ("LOGISTIC", {}),
    "tanh": ("TANH", {}),
}
OTHER_NAMES = {"swish": "silu", "hard_silu": "hard_swish"}  # Keras's second names of the same functions
NONE: Options = {"fused_activation_function": "NONE"}


class Activation(Layer):
    """Keras `Activation`; ReLU and ReLU6 are layers of their own, since runtimes fuse them.

    `gelu` is the exact one, `gelu_tanh` its usual approximation (Keras: `gelu` with `approximate=True`).
    """

    __slots__ = ()

    def __init__(self, activation: str, name: str | None = None) -> None:
        activation = OTHER_NAMES.get(activation, activation)
        if activation not in NAMES:
            raise Problem(f"unknown activation '{activation}'", nearest(activation, (*NAMES, *OTHER_NAMES)))
        super().__init__(shared_config(Activation, activation=activation), name)

    def other_operations(self, node: Node) -> dict[str, int]:
        """Counted as four an element: an exponential or a clamp, and what is around it."""
        return {"activation": 4 * node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """One operator, or the few that the function is made of; channels stay in the order they come in."""
        value = program.whole(node.inputs[0])
        activation = self.config["activation"]
        if activation in OPERATORS:
            output = program.activation(node.name, node.output.shape)
            code, options = OPERATORS[activation]
            program.operate(code, [value.tensor], output, options, node.name)
        else:
            output = COMPOSED[activation](_Steps(node, program), value.tensor)
        program.set(node.output, Value(output, value.layout))


class _Steps:
    """Operators one after another, of the shape of a node."""

    def __init__(self, node: Node, program: Program) -> None:
        self._node, self._program = node, program

    def number(self, value: float) -> int:
        return self._program.numbers((value,), "float32", shape=())

    def do(self, code: str, *inputs: int, part: str = "", options: Options = NONE, keep_float: bool = False) -> int:
        """The runtime tensor that an operator writes; `part` is its name's end, nothing at the last."""
        node = self._node
        output = self._program.activation(f"{node.name}.{part}" if part else node.name, node.output.shape)
        self._program.operate(code, list(inputs), output, options, node.name, keep_float=keep_float)
        return output


def _hard_sigmoid(steps: _Steps, x: int) -> int:
    """ADD 3 with RELU6, then MUL 1/6."""
    clamped = steps.do("ADD", x, steps.number(3.0), part="clamped", options={"fused_activation_function": "RELU6"})
    return steps.do("MUL", clamped, steps.number(1 / 6))


def _silu(steps: _Steps, x: int) -> int:
    """x times its LOGISTIC."""
    return steps.do("MUL", x, steps.do("LOGISTIC", x, part="gate", options={}))


def _softplus(steps: _Steps, x: int, end: str = "") -> int:
    """log(1 + e^x) as max(x, 0) + log(1 + e^-|x|), which never overflows. Float32 at int8: a logarithm has no int8."""
    size = steps.do("ABS", x, part="size", options={}, keep_float=True)
    negative = steps.do("NEG", size, part="negative", options={}, keep_float=True)
    power = steps.do("EXP", negative, part="power", options={}, keep_float=True)
    more = steps.do("ADD", power, steps.number(1.0), part="more", keep_float=True)
    logarithm = steps.do("LOG", more, part="logarithm", options={}, keep_float=True)
    above = steps.do("RELU", x, part="above", options={}, keep_float=True)
    return steps.do("ADD", above, logarithm, part=end, keep_float=True)


def _mish(steps: _Steps, x: int) -> int:
    """x times the TANH of its softplus."""
    gate = steps.do("TANH", _softplus(steps, x, "softplus"), part="gate", options={}, keep_float=True)
    return steps.do("MUL", x, gate, keep_float=True)


COMPOSED: dict[str, Callable[[_Steps, int], int]] = {
    "hard_sigmoid": _hard_sigmoid,
    "mish": _mish,
    "silu": _silu,
    "softplus": _softplus,
}
NAMES = (*OPERATORS, *COMPOSED)
