"""0..255 to [-1, 1]: (N, H, W, C) -> (N, H, W, C). arXiv:1902.07476, Equation 1."""

from archspec.graph import Tensor, layers


def symmetric(x: Tensor, *, name: str) -> Tensor:
    """`(2 / 255) · x - 1`."""
    return layers.Rescaling(2 / 255, -1.0, name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 33, 3), {})]
