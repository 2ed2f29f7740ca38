"""Layer normalisation over the channels of each place: (N, H, W, C) -> (N, H, W, C). arXiv:1607.06450."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers


def layer_norm(x: Tensor, *, epsilon: Annotated[float, Range(gt=0)] = 1e-5, name: str) -> Tensor:
    """Mean 0 and variance 1 at each place, then a learnt scale and shift of each channel."""
    return layers.LayerNormalization(epsilon=epsilon, name=name)(x)


EXAMPLES = [((5, 6, 8), {"epsilon": 1e-6})]
