"""The sum of maps at the first one's size: (N, H, W, C), (N, h, w, C), … -> (N, H, W, C)."""

from collections.abc import Sequence

from archspec.blocks.units.conv_bn import Activation, activate
from archspec.graph import Tensor, layers


def resize_add(
    x: Sequence[Tensor], *, align_corners: bool = True, activation: Activation = "none", name: str
) -> Tensor:
    """Those of another size are resized bilinearly."""
    first, *others = x
    maps = [first]
    for index, other in enumerate(others, start=1):
        if other.stride != first.stride or other.size != first.size:
            other = layers.Resize(
                first.size, stride=first.stride, align_corners=align_corners, name=f"{name}/resize{index}"
            )(other)
        maps.append(other)
    return activate(layers.Add(name=f"{name}/add")(maps), activation, name)


EXAMPLES = [(((14, 15, 8), (7, 8, 8)), {"align_corners": False}), (((9, 9, 8), (9, 9, 8)), {"activation": "relu"})]
