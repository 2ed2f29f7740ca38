"""Zeros around a map: (N, H, W, C) -> (N, before + H + after, before + W + after, C)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

Zeros = Annotated[int, Range(ge=0)]


def zero_pad(x: Tensor, *, before: Zeros = 0, after: Zeros = 1, name: str) -> Tensor:
    """As many on top as on the left, and as many below as on the right."""
    return layers.ZeroPadding2D(((before, after), (before, after)), name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((7, 8, 3), {}), ((7, 8, 3), {"before": 2, "after": 0})]
