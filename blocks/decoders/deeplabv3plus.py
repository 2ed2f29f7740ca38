"""DeepLabV3+'s decoder, features to full-size logits: (N, h, w, C) -> (N, H, W, classes). arXiv:1802.02611, §3.1."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from archspec.blocks.decoders._taps import find_tap
from archspec.blocks.units.conv_bn import conv_bn
from archspec.blocks.units.separable_conv_bn import separable_conv_bn
from archspec.graph import Range, Tensor, layers

MOMENTUM, EPSILON = 0.9997, 1e-5
_conv_bn = partial(conv_bn, momentum=MOMENTUM, epsilon=EPSILON)
READS = "features"


def deeplabv3plus(
    x: Tensor,
    *,
    skip: str | None = None,
    skip_filters: Annotated[int, Range(ge=1)] = 48,
    filters: Annotated[int, Range(ge=1)] = 256,
    convolutions: Annotated[int, Range(ge=1)] = 2,
    separable: bool = True,
    decoder_output_stride: Annotated[int, Range(ge=1)] = 4,
    classes: int = 19,
    input_size: tuple[int, int],
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """The features at `decoder_output_stride` beside the low-level step `skip`, reduced to `skip_filters`; then 3×3
    convolutions, the logits, and bilinear upsampling. It makes the logits itself: say `classifier: none`.
    """
    low = find_tap(taps, skip, decoder_output_stride, x)
    y = layers.Resize(low.size, stride=low.stride, name=f"{name}/resize")(x)
    low = _conv_bn(low, filters=skip_filters, kernel=1, name=f"{name}/skip")
    y = layers.Concatenate(name=f"{name}/concat")([y, low])
    convolution = separable_conv_bn if separable else _conv_bn
    for index in range(convolutions):
        y = convolution(y, filters=filters, kernel=3, name=f"{name}/conv{index}")
    y = layers.Conv2D(classes, 1, kernel_initializer="truncated_normal(0.01)", name=f"{name}/logits")(y)
    return layers.Resize(input_size, stride=1, name=f"{name}/upsample")(y)


EXAMPLES = [
    ({"x": (4, 4, 8, 16), "pool": (14, 15, 6, 4), "low": (14, 15, 4, 4)}, {"filters": 12, "input_size": (56, 60)}),
    (
        {"x": (7, 8, 8, 8), "low": (14, 15, 6, 4)},
        {"filters": 12, "skip": "low", "convolutions": 1, "separable": False, "input_size": (56, 60)},
    ),
]
