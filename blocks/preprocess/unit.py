"""0..255 to [0, 1]: (N, H, W, C) -> (N, H, W, C)."""

from archspec.graph import Tensor, layers


def unit(x: Tensor, *, name: str) -> Tensor:
    """`x / 255`."""
    return layers.Rescaling(1 / 255, 0.0, name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((33, 33, 3), {})]
