"""Class probabilities: (N, H, W, C) -> (N, H, W, C)."""

from archspec.graph import Tensor, layers


def softmax(x: Tensor, *, name: str) -> Tensor:
    """Softmax over classes."""
    return layers.Softmax(name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {})]
