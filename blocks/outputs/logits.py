"""The logits as they are: (N, H, W, C) -> (N, H, W, C)."""

from archspec.graph import Tensor


def logits(x: Tensor, *, name: str) -> Tensor:
    """No layer at all; for training, and for those who want more than the label."""
    return x


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((14, 15, 8), {})]
