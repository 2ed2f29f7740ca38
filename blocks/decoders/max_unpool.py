"""Max unpooling: (N, h, w, C) -> (N, H, W, C), each number back to where its maximum was, zeros elsewhere."""

from collections.abc import Mapping

from archspec.errors import Problem, nearest
from archspec.graph import Tensor, layers

SUFFIX = ".indices"


def max_unpool(x: Tensor, *, pooling: str, taps: Mapping[str, Tensor], name: str) -> Tensor:
    """`pooling` is the id of the step that pooled; the size is that before it, odd ones too."""
    indices = find_indices(pooling, taps)
    return layers.MaxUnpooling(indices.node.inputs[0].size, name=name)([x, indices])


def find_indices(pooling: str, taps: Mapping[str, Tensor]) -> Tensor:
    """The indices that the step of that id kept. Raises `Problem` where it kept none."""
    if pooling + SUFFIX in taps:
        return taps[pooling + SUFFIX]
    if not any(tap.endswith(SUFFIX) for tap in taps):
        fact = "max unpooling needs the indices of max poolings, and no earlier step with an id kept any"
        raise Problem(fact, "Pool with max_pool_indices: backbones enet_encoder and vgg16_indices do")
    known = [tap.removesuffix(SUFFIX) for tap in taps if tap.endswith(SUFFIX)]
    raise Problem(f"no earlier step with the id '{pooling}' kept the indices of a max pooling", nearest(pooling, known))


EXAMPLES = [
    ({"x": (7, 8, 4, 2), "pooled": (14, 16, 4, 1)}, {"pooling": "pooled"}),
    ({"x": (7, 8, 4, 2), "pooled": (13, 15, 4, 1)}, {"pooling": "pooled"}),
]
