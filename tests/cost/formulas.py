"""Parameters and multiply-adds of the papers' networks from their tables, with pencil and paper: no graph, no blocks.

ShuffleNetV2: arXiv:1807.11164, Table 5, without conv5; units as the published segmentation code has them.
MobileNetV2: arXiv:1801.04381, Table 2, up to the 320 channels. Heads: arXiv:1902.07476 §3.2, Figure 4.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """What a piece of a network has and does."""

    params: int = 0
    statistics: int = 0
    macs: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.params + other.params, self.statistics + other.statistics, self.macs + other.macs)


Map = tuple[int, int]


def conv_bn(inside: int, outside: int, kernel: int, at: Map) -> Count:
    """A convolution without bias and its batch norm; `at` is the size of what comes out."""
    weights = kernel * kernel * inside * outside
    return Count(weights + 2 * outside, 2 * outside, weights * at[0] * at[1])


def depthwise_bn(channels: int, at: Map) -> Count:
    """A 3×3 depthwise convolution and its batch norm."""
    return Count(9 * channels + 2 * channels, 2 * channels, 9 * channels * at[0] * at[1])


def halved(at: Map) -> Map:
    """SAME padding, stride 2."""
    return (at[0] + 1) // 2, (at[1] + 1) // 2


def shufflenet(size: Map, output_stride: int, widths: tuple[int, int, int]) -> tuple[Count, Map]:
    """Three stages of 4, 8 and 4 units; a stage halves the map as long as the output stride allows."""
    at = halved(size)
    total = conv_bn(3, 24, 3, at)
    at, reached, inside = halved(at), 4, 24
    for width, units in zip(widths, (4, 8, 4), strict=True):
        before = at
        if reached < output_stride:
            at, reached = halved(at), reached * 2
        half = width // 2
        total += conv_bn(inside, inside, 1, before) + depthwise_bn(inside, at) + conv_bn(inside, half, 1, at)
        total += depthwise_bn(inside, at) + conv_bn(inside, half, 1, at)
        for _ in range(units - 1):
            total += conv_bn(half, half, 1, at) + depthwise_bn(half, at) + conv_bn(half, half, 1, at)
        inside = width
    return total, at


def rounded(channels: float) -> int:
    """To the nearest multiple of 8, never below nine tenths of it."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


ROWS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def mobilenet(size: Map, output_stride: int, width: float) -> tuple[Count, Map, int]:
    """(expansion, channels, repeats, stride) of Table 2, all but its last convolution."""
    at, reached, inside = halved(size), 2, rounded(32 * width)
    total = conv_bn(3, inside, 3, at)
    for expansion, channels, repeats, stride in ROWS:
        outside = rounded(channels * width)
        for index in range(repeats):
            before, wide = at, inside * expansion
            if index == 0 and stride == 2 and reached < output_stride:
                at, reached = halved(at), reached * 2
            if expansion > 1:
                total += conv_bn(inside, wide, 1, before)
            total += depthwise_bn(wide, at) + conv_bn(wide, outside, 1, at)
            inside = outside
    return total, at, inside


def basic(inside: int, at: Map) -> Count:
    """Image pooling and a 1×1 convolution, 256 channels each, projected to 256."""
    return conv_bn(inside, 256, 1, (1, 1)) + conv_bn(inside, 256, 1, at) + conv_bn(512, 256, 1, at)


def dpc(inside: int, at: Map) -> Count:
    """The best cell: one separable convolution on the features, four on 256 channels, projected from 1280."""
    total = depthwise_bn(inside, at) + conv_bn(inside, 256, 1, at)
    for _ in range(4):
        total += depthwise_bn(256, at) + conv_bn(256, 256, 1, at)
    return total + conv_bn(5 * 256, 256, 1, at)


def logits(classes: int, at: Map) -> Count:
    """A 1×1 convolution with a bias."""
    return Count(257 * classes, 0, 256 * classes * at[0] * at[1])


WIDTHS = {0.5: (48, 96, 192), 1.0: (116, 232, 464), 1.5: (176, 352, 704), 2.0: (244, 488, 976)}


def network(name: str, size: Map = (224, 224), output_stride: int = 16, classes: int = 19, width: float = 1.0) -> Count:
    """One of the four networks of Table 5, at any size and width."""
    backbone, head = name.split("_")
    if backbone == "shufflenetv2":
        total, at = shufflenet(size, output_stride, WIDTHS[width])
        inside = WIDTHS[width][2]
    else:
        total, at, inside = mobilenet(size, output_stride, width)
    return total + (basic if head == "basic" else dpc)(inside, at) + logits(classes, at)
