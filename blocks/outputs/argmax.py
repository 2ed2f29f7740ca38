"""The label map: (N, H, W, C) -> (N, H, W) int32, (N, C) -> (N) int32."""

from archspec.graph import Tensor, layers


def argmax(x: Tensor, *, name: str) -> Tensor:
    """The index of the largest logit of each pixel, or of the image."""
    return layers.ArgMax(name=name)(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {})]
