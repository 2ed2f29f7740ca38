"""Probability of each class by itself: (N, H, W, C) -> (N, H, W, C). Of one class: of the foreground."""

from archspec.graph import Tensor, layers


def sigmoid(x: Tensor, *, name: str) -> Tensor:
    """Sigmoid of each score: several classes may hold at a pixel, or none."""
    return layers.Activation("sigmoid", name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {})]
