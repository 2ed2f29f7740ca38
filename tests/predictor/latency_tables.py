"""Signatures, networks and tables made by hand, with times by laws that the tests know."""

from collections.abc import Iterable
from typing import Any

from archspec.graph import Graph, layers
from archspec.predictor import Conditions, LatencyTable, Operand, OperatorTime, Signature
from archspec.predictor.signature import WEIGHTS
from tests.graph.nets import finish, image

HERE = Conditions("host", "f00d", "A processor", "LiteRT", "2.3.0", 1)
OPTIONS = {
    "padding": "SAME",
    "stride_h": 1,
    "stride_w": 1,
    "dilation_h_factor": 1,
    "dilation_w_factor": 1,
    "fused_activation_function": "NONE",
}


def pointwise(size: int, channels: int, filters: int) -> Signature:
    """A 1×1 convolution of a square map."""
    return Signature(
        "CONV_2D",
        (
            Operand((1, size, size, channels), "float32"),
            Operand((filters, 1, 1, channels), "float32", WEIGHTS),
            Operand((filters,), "float32", WEIGHTS),
        ),
        (Operand((1, size, size, filters), "float32"),),
        tuple(OPTIONS.items()),
    )


def two_convolutions(size: int = 8, filters: int = 16) -> Graph:
    """A graph of two 1×1 convolutions, from 4 to `filters` to `filters` channels."""
    x = image(size, size, 4)
    for name in ("first", "second"):
        x = layers.Conv2D(filters, 1, padding="same", name=name)(x)
    return finish(x)


def table(times: Iterable[tuple[Signature, float]], colder: float = 1.5, **others: Any) -> LatencyTable:
    """Warm times as given, cold ones `colder` times as long."""
    return LatencyTable(HERE, 5.0, {key: OperatorTime(colder * warm, warm) for key, warm in times}, **others)
