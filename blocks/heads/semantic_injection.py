"""TopFormer's semantics injected into maps, and summed: several -> (N, H, W, filters). arXiv:2204.05525, §3.3."""

from collections.abc import Sequence

from archspec.blocks.units._attention import Count
from archspec.blocks.units._pytorch import torch_conv_bn
from archspec.errors import Problem
from archspec.graph import Tensor, layers


def semantic_injection(x: Sequence[Tensor], *, filters: Count = 256, skip: int = 1, name: str) -> Tensor:
    """`from: [local maps from fine to coarse, semantics]`. The semantics' channels are those of the local maps in their
    order. Into each map but the first `skip` ones go its own: local 1×1, times the hard sigmoid of a 1×1 of them, plus
    another 1×1 of them, both resized bilinearly. The results are added at the size of the finest.
    """
    *local, semantics = x
    channels = [one.channels for one in local]
    if sum(channels) != semantics.channels or not 0 <= skip < len(local):
        raise Problem(
            f"semantics of {semantics.channels} channels for {len(local)} maps of {channels}, {skip} of them skipped",
            "Give the maps that pooled_tokens read, then the semantics, and skip fewer than there are",
        )
    injected = []
    for index, one in enumerate(local[skip:], start=skip):
        begin = sum(channels[:index])
        part = layers.StridedSlice((0, 0, begin), (None, None, begin + one.channels), name=f"{name}/part{index}")
        injected.append(_injected(one, part(semantics), filters, f"{name}/{index}"))
    finest, *others = injected
    if not others:
        return finest
    resized = [_resized(one, finest, f"{name}/resize{index}") for index, one in enumerate(others, start=skip + 1)]
    return layers.Add(name=f"{name}/add")([finest, *resized])


def _injected(local: Tensor, semantics: Tensor, filters: int, name: str) -> Tensor:
    one, gate, term = (
        torch_conv_bn(source, filters=filters, kernel=1, activation="none", name=f"{name}/{part}")
        for source, part in ((local, "local"), (semantics, "gate"), (semantics, "semantics"))
    )
    gate = layers.Activation("hard_sigmoid", name=f"{name}/hard_sigmoid")(gate)
    y = layers.Multiply(name=f"{name}/gated")([one, _resized(gate, local, f"{name}/gate/resize")])
    return layers.Add(name=f"{name}/add")([y, _resized(term, local, f"{name}/semantics/resize")])


def _resized(x: Tensor, like: Tensor, name: str) -> Tensor:
    return layers.Resize(like.size, stride=like.stride, align_corners=False, name=name)(x)


EXAMPLES: list[tuple[tuple[tuple[int, ...], ...], dict[str, object]]] = [
    (((16, 24, 4), (8, 12, 6), (4, 6, 8), (2, 3, 18)), {"filters": 5}),
    (((7, 9, 6), (4, 5, 8), (2, 3, 14)), {"filters": 8, "skip": 0}),
    (((7, 9, 6), (4, 5, 8), (2, 3, 14)), {"filters": 8}),
]
