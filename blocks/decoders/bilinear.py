"""Bilinear upsampling to the size of the image: (N, h, w, C) -> (N, H, W, C)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

READS = "scores"


def bilinear(
    x: Tensor,
    *,
    input_size: tuple[int, int],
    align_corners: bool = True,
    finest: Annotated[int, Range(ge=1)] = 1,
    name: str,
) -> Tensor:
    """To the image's size, never by a factor; corners aligned as in the published code.

    Args:
        finest: the stride up to which scores are interpolated. With 2, each of them stands for 2 × 2 pixels, which
            takes a phone a quarter of the time: the label map is made at that stride, and its labels are repeated.
    """
    if finest == 1:
        return layers.Resize(input_size, stride=1, align_corners=align_corners, name=name)(x)
    size = tuple(-(-side // finest) for side in input_size)
    y = layers.Resize(size, stride=finest, align_corners=align_corners, name=f"{name}/interpolated")(x)
    return layers.Resize(input_size, stride=1, interpolation="nearest", align_corners=False, name=f"{name}/repeated")(y)


EXAMPLES = [
    ((14, 15, 8), {"input_size": (33, 40)}),
    ((14, 15, 8), {"input_size": (33, 40), "align_corners": False}),
    ((14, 15, 8), {"input_size": (33, 40), "finest": 2}),
]
