"""ReLU, ReLU6 and leaky ReLU: (N, ...) -> (N, ...)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from archspec.errors import Problem
from archspec.graph.layer import Config, Layer
from archspec.graph.program.values import Value
from archspec.graph.tensor import Node

if TYPE_CHECKING:
    from archspec.graph.program import Program


class ReLU(Layer):
    """Keras `ReLU` with `max_value` None or 6, and `negative_slope`."""

    __slots__ = ()

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, name: str | None = None) -> None:
        super().__init__(_config(max_value, negative_slope), name)

    @property
    def fused(self) -> str | None:
        """The schema name of the activation that an operator can carry, or None."""
        if self.config["negative_slope"]:
            return None
        return "RELU" if self.config["max_value"] is None else "RELU6"

    def other_operations(self, node: Node) -> dict[str, int]:
        """One comparison an element."""
        return {"activation": node.output.elements}

    def emit(self, node: Node, program: Program) -> None:
        """RELU, RELU6 or LEAKY_RELU: only where no operator in front of it could take it in."""
        value = program.whole(node.inputs[0])
        output = program.activation(node.name, node.output.shape)
        if self.fused is None:
            program.operate("LEAKY_RELU", [value.tensor], output, {"alpha": self.config["negative_slope"]}, node.name)
        else:
            program.operate(self.fused, [value.tensor], output, {}, node.name)
        program.set(node.output, Value(output, value.layout))


@lru_cache(maxsize=256, typed=True)
def _config(max_value: float | None, negative_slope: float) -> Config:
    if max_value not in (None, 6):
        raise Problem(f"max_value must be null or 6 ({max_value})", "TFLite has RELU and RELU6 only")
    if max_value is not None and negative_slope:
        raise Problem(f"a leaky ReLU cannot have max_value {max_value}")
    return Config({"max_value": None if max_value is None else 6.0, "negative_slope": float(negative_slope)})
