"""Logits at the size of the image by a transposed convolution: (N, h, w, C) -> (N, H, W, classes)."""

from typing import Annotated

from archspec.blocks.decoders.enet_upsampling import cropped
from archspec.graph import Range, Tensor, layers

READS = "features"


def transposed_classifier(
    x: Tensor, *, classes: int = 19, kernel: Annotated[int, Range(ge=1)] = 2, input_size: tuple[int, int], name: str
) -> Tensor:
    """With a bias, without batch norm or activation; as many pixels a position as the stride so far."""
    y = layers.Conv2DTranspose(classes, kernel, strides=x.stride, name=f"{name}/logits")(x)
    return cropped(y, input_size, f"{name}/crop")


EXAMPLES = [
    ({"x": (7, 8, 8, 2)}, {"input_size": (14, 15)}),
    ({"x": (7, 8, 8, 2)}, {"input_size": (14, 16), "kernel": 3}),
]
