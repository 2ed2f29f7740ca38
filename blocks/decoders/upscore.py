"""Upsampling by one transposed convolution: (N, h, w, C) -> (N, H / to_stride, W / to_stride, C)."""

from typing import Annotated

from archspec.blocks.decoders._deconv import deconv_to
from archspec.graph import Range, Tensor

READS = "scores"


def upscore(
    x: Tensor,
    *,
    to_stride: Annotated[int, Range(ge=1)] = 1,
    batch_norm: bool = False,
    input_size: tuple[int, int],
    name: str,
) -> Tensor:
    """A kernel of twice the factor. At stride 1 it is the image's size; at another, the image's over the stride
    (rounded down as the published code's labels are, as far as the map allows).
    """
    factor = max(x.stride // to_stride, 1)
    size = input_size
    if to_stride != 1:
        at_most, at_least = ([(length - less) * factor + less for length in x.size] for less in (0, 1))
        whole = [length // to_stride for length in input_size]
        height, width = map(sorted, zip(at_least, whole, at_most, strict=True))
        size = height[1], width[1]
    return deconv_to(x, size, to_stride, filters=x.channels, input_size=input_size, batch_norm=batch_norm, name=name)


EXAMPLES = [
    ({"x": (7, 8, 5, 8)}, {"input_size": (53, 64)}),
    ({"x": (7, 8, 5, 8)}, {"input_size": (56, 61), "to_stride": 4, "batch_norm": True}),
]
