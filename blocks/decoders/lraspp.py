"""Lite R-ASPP, features to full-size logits: (N, h, w, C) -> (N, H, W, classes). arXiv:1905.02244, Figure 10."""

from collections.abc import Mapping
from typing import Annotated

from archspec.blocks.decoders._taps import find_tap
from archspec.blocks.units.conv_bn import conv_bn
from archspec.graph import Range, Tensor, layers

Pixels = Annotated[int, Range(ge=1)]
READS = "features"


def lraspp(
    x: Tensor,
    *,
    skip: str | None = None,
    skip_stride: Annotated[int, Range(ge=1)] = 8,
    filters: Annotated[int, Range(ge=1)] = 128,
    pool: tuple[Pixels, Pixels] | None = None,
    pool_strides: tuple[Pixels, Pixels] = (16, 20),
    align_corners: bool = True,
    classes: int = 19,
    input_size: tuple[int, int],
    taps: Mapping[str, Tensor],
    name: str,
) -> Tensor:
    """1×1 features times a gate made of pooled ones, upsampled to the low-level step `skip`; the logits of both added.

    Pooling is of the whole map, as in torchvision, or by a window `pool` (the paper's 49 × 49, not larger than the
    map) with `pool_strides`. It makes the logits itself: say `classifier: none`.
    """
    low = find_tap(taps, skip, skip_stride, x)
    y = conv_bn(x, filters=filters, kernel=1, name=f"{name}/features")
    y = layers.Multiply(name=f"{name}/scale")([y, _gate(x, filters, pool, pool_strides, align_corners, f"{name}/gate")])
    y = layers.Resize(low.size, stride=low.stride, align_corners=align_corners, name=f"{name}/resize")(y)
    high = layers.Conv2D(classes, 1, kernel_initializer="truncated_normal(0.01)", name=f"{name}/high_logits")(y)
    low = layers.Conv2D(classes, 1, kernel_initializer="truncated_normal(0.01)", name=f"{name}/low_logits")(low)
    y = layers.Add(name=f"{name}/logits")([low, high])
    return layers.Resize(input_size, stride=1, align_corners=align_corners, name=f"{name}/upsample")(y)


def _gate(
    x: Tensor, filters: int, pool: tuple[int, int] | None, strides: tuple[int, int], align_corners: bool, name: str
) -> Tensor:
    if pool is None:
        y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/mean")(x)
    else:
        window = min(pool[0], x.size[0]), min(pool[1], x.size[1])
        y = layers.AveragePooling2D(window, strides=strides, padding="valid", name=f"{name}/mean")(x)
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}/conv")(y)
    y = layers.Activation("sigmoid", name=f"{name}/sigmoid")(y)
    if y.size == (1, 1):
        return y
    return layers.Resize(x.size, stride=x.stride, align_corners=align_corners, name=f"{name}/resize")(y)


EXAMPLES = [
    ({"x": (7, 8, 8, 16), "low": (14, 15, 6, 8)}, {"filters": 12, "input_size": (112, 120)}),
    (
        {"x": (14, 15, 8, 8), "low": (28, 30, 6, 4)},
        {"filters": 12, "skip": "low", "skip_stride": 4, "pool": (9, 20), "pool_strides": (4, 5)},
    ),
]
