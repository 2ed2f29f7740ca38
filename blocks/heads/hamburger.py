"""Matrix factorisation of a map as its context: (N, H, W, C) -> (N, H, W, filters). arXiv:2109.04553."""

from collections.abc import Sequence
from typing import Annotated

from archspec.blocks.units._pytorch import INITIALIZER
from archspec.graph import Range, Tensor, in_float32, layers

EPSILON = 1e-6
Channels = Annotated[int, Range(ge=1)]


def hamburger(
    x: Sequence[Tensor],
    *,
    filters: Channels = 256,
    context_filters: Channels | None = None,
    rank: Annotated[int, Range(ge=1)] = 16,
    steps: Annotated[int, Range(ge=1)] = 7,
    groups: Annotated[int, Range(ge=1)] = 32,
    align_corners: bool = False,
    name: str,
) -> Tensor:
    """All maps at the first one's size, squeezed; what `rank` non-negative bases can say of them is added; aligned.

    The factorisation is `steps` multiplicative updates (Lee and Seung) from a fixed first basis, unrolled: built-in
    operators, no loop. SegNeXt draws that basis anew for every image, so its answers vary; here it is drawn once and
    kept with the weights. It stays float32 at int8.
    """
    first, *others = x
    inside = context_filters or filters
    maps = [first]
    for number, other in enumerate(others, start=1):
        maps.append(
            layers.Resize(first.size, first.stride, align_corners=align_corners, name=f"{name}/resize{number}")(other)
        )
    joined = layers.Concatenate(name=f"{name}/concat")(maps) if others else first
    y = _conv_gn(joined, inside, groups, f"{name}/squeeze")
    y = layers.ReLU(name=f"{name}/squeeze/relu")(y)
    ham = layers.Conv2D(inside, 1, kernel_initializer=INITIALIZER, name=f"{name}/enter")(y)
    ham = layers.ReLU(name=f"{name}/enter/relu")(ham)
    tokens = layers.Reshape((-1, inside), name=f"{name}/tokens")(ham)
    tokens = _factorised(tokens, rank, steps, name)
    ham = layers.Reshape((*first.size, inside), name=f"{name}/map")(tokens)
    ham = _conv_gn(ham, inside, groups, f"{name}/leave")
    y = layers.ReLU(name=f"{name}/relu")(layers.Add(name=f"{name}/add")([y, ham]))
    y = _conv_gn(y, filters, groups, f"{name}/align")
    return layers.ReLU(name=f"{name}/align/relu")(y)


def _conv_gn(x: Tensor, filters: int, groups: int, name: str) -> Tensor:
    x = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=INITIALIZER, name=f"{name}/conv")(x)
    return layers.GroupNormalization(groups, epsilon=1e-5, name=f"{name}/gn")(x)


def _factorised(x: Tensor, rank: int, steps: int, name: str) -> Tensor:
    """`(places, C)` as shares `(places, rank)` times bases `(rank, C)`, updated in turns."""
    with in_float32(x):
        bases = layers.Bases(rank, name=f"{name}/bases")(x)
        shares = layers.Softmax(name=f"{name}/start/shares")(
            layers.MatMul(transpose_b=True, name=f"{name}/start/product")([x, bases])
        )
        for step in range(steps):
            shares = _shares(x, bases, shares, f"{name}/step{step}/shares")
            bases = _bases(x, bases, shares, f"{name}/step{step}/bases")
        shares = _shares(x, bases, shares, f"{name}/end/shares")
        return layers.MatMul(name=f"{name}/product")([shares, bases])


def _shares(x: Tensor, bases: Tensor, shares: Tensor, name: str) -> Tensor:
    """`shares · (x basesᵀ) / (shares (bases basesᵀ))`."""
    wanted = layers.MatMul(transpose_b=True, name=f"{name}/wanted")([x, bases])
    gram = layers.MatMul(transpose_b=True, name=f"{name}/gram")([bases, bases])
    given = layers.MatMul(name=f"{name}/given")([shares, gram])
    return _updated(shares, wanted, given, name)


def _bases(x: Tensor, bases: Tensor, shares: Tensor, name: str) -> Tensor:
    """`bases · (sharesᵀ x) / ((sharesᵀ shares) bases)`."""
    turned = layers.Permute((2, 1), name=f"{name}/turned")(shares)
    wanted = layers.MatMul(name=f"{name}/wanted")([turned, x])
    gram = layers.MatMul(name=f"{name}/gram")([turned, shares])
    given = layers.MatMul(name=f"{name}/given")([gram, bases])
    return _updated(bases, wanted, given, name)


def _updated(old: Tensor, wanted: Tensor, given: Tensor, name: str) -> Tensor:
    product = layers.Multiply(name=f"{name}/product")([old, wanted])
    return layers.Divide(EPSILON, name=f"{name}/updated")([product, given])


EXAMPLES = [
    (((6, 8, 4), (3, 4, 6)), {"filters": 8, "rank": 3, "steps": 2, "groups": 4}),
    (((5, 6, 4),), {"filters": 8, "context_filters": 12, "rank": 2, "steps": 1, "groups": 4}),
]
