"""Bilinear upsampling to the size of the image: (N, h, w, C) -> (N, H, W, C)."""

from archspec.graph import Tensor, layers

READS = "scores"


def bilinear(x: Tensor, *, input_size: tuple[int, int], align_corners: bool = True, name: str) -> Tensor:
    """To the image's size, never by a factor; corners aligned as in the published code."""
    return layers.Resize(input_size, stride=1, align_corners=align_corners, name=name)(x)


EXAMPLES = [((14, 15, 8), {"input_size": (33, 40)}), ((14, 15, 8), {"input_size": (33, 40), "align_corners": False})]
