"""Parameters and multiply-adds of today's mobile networks from their papers' tables: no graph, no blocks.

`Count`, `conv_bn`, `halved` and `rounded` are those of `tests/cost/formulas.py`, with pencil and paper too.
"""

from __future__ import annotations

from itertools import pairwise

from tests.cost.formulas import Count, Map, conv_bn, halved, logits, mobilenet, rounded, shufflenet


def conv(inside: int, outside: int, kernel: int, at: Map, bias: bool = False) -> Count:
    """A convolution alone."""
    weights = kernel * kernel * inside * outside
    return Count(weights + bias * outside, 0, weights * at[0] * at[1])


def depthwise_bn(channels: int, at: Map, kernel: int = 3, multiplier: int = 1) -> Count:
    """Its weights are those of `channels · multiplier` kernels of one channel."""
    made = channels * multiplier
    return Count(kernel**2 * made + 2 * made, 2 * made, kernel**2 * made * at[0] * at[1])


def norm(channels: int) -> Count:
    """A batch norm alone."""
    return Count(2 * channels, 2 * channels)


def fractions(size: Map, times: int) -> Map:
    """Halved so many times, SAME."""
    for _ in range(times):
        size = halved(size)
    return size


# --- MobileNetV3: (kernel, expanded, filters, squeeze-and-excite, stride), arXiv:1905.02244, Tables 1 and 2 -----------
LARGE = [
    (3, 16, 16, 0, 1), (3, 64, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2), (5, 120, 40, 1, 1), (5, 120, 40, 1, 1),
    (3, 240, 80, 0, 2), (3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1),
    (3, 672, 112, 1, 1), (5, 672, 160, 1, 2), (5, 960, 160, 1, 1), (5, 960, 160, 1, 1),
]  # fmt: skip
SMALL = [
    (3, 16, 16, 1, 2), (3, 72, 24, 0, 2), (3, 88, 24, 0, 1), (5, 96, 40, 1, 2), (5, 240, 40, 1, 1), (5, 240, 40, 1, 1),
    (5, 120, 48, 1, 1), (5, 144, 48, 1, 1), (5, 288, 96, 1, 2), (5, 576, 96, 1, 1), (5, 576, 96, 1, 1),
]  # fmt: skip


def mobilenet_v3(
    size: Map, output_stride: int, small: bool, halved_stage: bool, width: float = 1.0
) -> tuple[Count, Map, int]:
    """All of the table up to the last 1×1 convolution; `halved_stage` halves the filters of the last three rows."""
    rows = SMALL if small else LARGE
    at, reached, inside = halved(size), 2, rounded(16 * width)
    total = conv_bn(3, inside, 3, at)
    for index, (kernel, expanded, filters, squeeze, stride) in enumerate(rows):
        last = halved_stage and index >= len(rows) - 3
        expanded, filters = rounded((expanded // 2 if last else expanded) * width), (filters // 2 if last else filters)
        filters = rounded(filters * width)
        if expanded != inside:
            total += conv_bn(inside, expanded, 1, at)
        if stride == 2 and reached < output_stride:
            at, reached = halved(at), reached * 2
        total += depthwise_bn(expanded, at, kernel)
        if squeeze:
            between = rounded(expanded / 4)
            total += conv(expanded, between, 1, (1, 1), bias=True) + conv(between, expanded, 1, (1, 1), bias=True)
        total += conv_bn(expanded, filters, 1, at)
        inside = filters
    return total + conv_bn(inside, expanded, 1, at), at, expanded


def lraspp(inside: int, at: Map, low: int, low_at: Map, classes: int, filters: int = 128) -> Count:
    """Features, gate, and the logits of both resolutions."""
    total = conv_bn(inside, filters, 1, at) + conv(inside, filters, 1, (1, 1))
    return total + conv(filters, classes, 1, low_at, bias=True) + conv(low, classes, 1, low_at, bias=True)


def mobilenet_v3_lraspp(
    size: Map, output_stride: int = 16, classes: int = 19, small: bool = False, halved_stage: bool = True
) -> Count:
    """The network of the paper's Table 7; its skip has 40 channels, in the small one 24, at stride 8."""
    backbone, at, inside = mobilenet_v3(size, output_stride, small, halved_stage)
    return backbone + lraspp(inside, at, 24 if small else 40, fractions(size, 3), classes)


# --- DeepLabV3+, arXiv:1802.02611 ----------------------------------------------------------------------------------
def aspp(inside: int, at: Map, rates: int = 3, separable: bool = True, filters: int = 256) -> Count:
    """Image pooling, 1×1, a 3×3 a rate, projection."""
    total = conv_bn(inside, filters, 1, (1, 1)) + conv_bn(inside, filters, 1, at)
    for _ in range(rates):
        total += separable_bn(inside, filters, at) if separable else conv_bn(inside, filters, 3, at)
    return total + conv_bn((2 + rates) * filters, filters, 1, at)


def separable_bn(inside: int, outside: int, at: Map, strided_at: Map | None = None) -> Count:
    """Depthwise and pointwise, each with batch norm."""
    return depthwise_bn(inside, strided_at or at) + conv_bn(inside, outside, 1, strided_at or at)


def deeplabv3plus(name: str, size: Map, output_stride: int = 16, classes: int = 19) -> Count:
    """Head and decoder on either backbone; both have 24 channels at stride 4."""
    if name == "shufflenetv2":
        backbone, at = shufflenet(size, output_stride, (116, 232, 464))
        inside = 464
    else:
        backbone, at, inside = mobilenet(size, output_stride, 1.0)
    low = fractions(size, 2)
    decoder = conv_bn(24, 48, 1, low) + separable_bn(256 + 48, 256, low) + separable_bn(256, 256, low)
    return backbone + aspp(inside, at) + decoder + logits(classes, low)


# --- Fast-SCNN, arXiv:1902.04502, Tables 1 to 3 ----------------------------------------------------------------------
def fast_scnn(size: Map, classes: int = 19) -> Count:
    """Learning to downsample, global features, fusion, classifier."""
    at2, at4, high = fractions(size, 1), fractions(size, 2), fractions(size, 3)
    total = conv_bn(3, 32, 3, at2) + separable_bn(32, 48, at4) + separable_bn(48, 64, high)
    inside, at = 64, high
    for filters, stride in ((64, 2), (96, 2), (128, 1)):
        for index in range(3):
            before = at
            if index == 0 and stride == 2:
                at = halved(at)
            total += conv_bn(inside, 6 * inside, 1, before) + depthwise_bn(6 * inside, at)
            total += conv_bn(6 * inside, filters, 1, at)
            inside = filters
    for bins in (1, 2, 3, 6):
        total += conv_bn(128, 32, 1, (min(bins, at[0]), min(bins, at[1])))
    total += conv_bn(256, 128, 1, at)
    total += depthwise_bn(128, high) + conv_bn(128, 128, 1, high) + conv_bn(64, 128, 1, high)
    return total + separable_bn(128, 128, high) + separable_bn(128, 128, high) + conv(128, classes, 1, high, bias=True)


# --- BiSeNetV2, arXiv:2004.02147, §4, and CoinCheung/BiSeNet ---------------------------------------------------------
def gather_expand(inside: int, outside: int, at: Map, stride: int) -> tuple[Count, Map]:
    """Expansion 6; with a stride a second depthwise convolution, and a separable shortcut."""
    total, wide = conv_bn(inside, inside, 3, at), 6 * inside
    if stride == 2:
        at = halved(at)
        total += depthwise_bn(wide, at) + depthwise_bn(inside, at) + conv_bn(inside, outside, 1, at)
    return total + depthwise_bn(inside, at, multiplier=6) + conv_bn(wide, outside, 1, at), at


def bisenetv2(size: Map, classes: int = 19, head: int = 1024) -> Count:
    """Both branches, aggregation, head."""
    at2, at4, at8 = (fractions(size, times) for times in (1, 2, 3))
    stem = conv_bn(3, 16, 3, at2) + conv_bn(16, 8, 1, at2) + conv_bn(8, 16, 3, at4) + conv_bn(32, 16, 3, at4)
    total, at, inside = stem, at4, 16
    for outside, units in ((32, 2), (64, 2), (128, 4)):
        for unit in range(units):
            found, at = gather_expand(inside, outside, at, 2 if unit == 0 else 1)
            total, inside = total + found, outside
    total += norm(128) + conv_bn(128, 128, 1, (1, 1)) + conv_bn(128, 128, 3, at)
    for widths, where in (((3, 64, 64), at2), ((64, 64, 64, 64), at4), ((64, 128, 128, 128), at8)):
        for before, after in pairwise(widths):
            total += conv_bn(before, after, 3, where)
    total += depthwise_bn(128, at8) + conv(128, 128, 1, at8) + conv_bn(128, 128, 3, halved(at8))
    total += conv_bn(128, 128, 3, at) + depthwise_bn(128, at) + conv(128, 128, 1, at)
    total += conv_bn(128, 128, 3, at8) + conv_bn(128, head, 3, at8)
    return total + conv(head, classes, 1, at8, bias=True)


# --- DDRNet-23-slim, arXiv:2101.06085, and ydhongHIT/DDRNet ----------------------------------------------------------
def basic_units(inside: int, outside: int, at: Map) -> Count:
    """Two units of two 3×3 convolutions; `at` is after the stride, which goes with a change of filters."""
    total = conv_bn(inside, outside, 3, at) + conv_bn(outside, outside, 3, at)
    if inside != outside:
        total += conv_bn(inside, outside, 1, at)
    return total + conv_bn(outside, outside, 3, at) + conv_bn(outside, outside, 3, at)


def bottleneck(inside: int, between: int, before: Map, at: Map) -> Count:
    """Expansion 2, the stride in the middle, a shortcut of 1×1."""
    total = (
        conv_bn(inside, between, 1, before) + conv_bn(between, between, 3, at) + conv_bn(between, 2 * between, 1, at)
    )
    return total + conv_bn(inside, 2 * between, 1, at)


def dappm(inside: int, between: int, outside: int, at: Map) -> Count:
    """Four pooled scales and the features themselves."""
    total = norm(inside) + conv(inside, between, 1, at)
    for pooled in (fractions(at, 1), fractions(at, 2), fractions(at, 3), (1, 1)):
        total += norm(inside) + conv(inside, between, 1, pooled) + norm(between) + conv(between, between, 3, at)
    total += norm(5 * between) + conv(5 * between, outside, 1, at)
    return total + norm(inside) + conv(inside, outside, 1, at)


def ddrnet_23_slim(size: Map, classes: int = 19) -> Count:
    """Stem, five stages in two resolutions, four fusions, pyramid, head."""
    at2, at4, at8, at16, at32, at64 = (fractions(size, times) for times in range(1, 7))
    total = conv_bn(3, 32, 3, at2) + conv_bn(32, 32, 3, at4) + Count(64)  # two biases
    total += basic_units(32, 32, at4) + basic_units(32, 64, at8)
    total += basic_units(64, 128, at16) + basic_units(64, 64, at8)
    total += conv_bn(128, 64, 1, at16) + conv_bn(64, 128, 3, at16)
    total += basic_units(128, 256, at32) + basic_units(64, 64, at8)
    total += conv_bn(256, 64, 1, at32) + conv_bn(64, 128, 3, at16) + conv_bn(128, 256, 3, at32)
    total += bottleneck(64, 64, at8, at8) + bottleneck(256, 256, at32, at64) + dappm(512, 128, 128, at64)
    return total + norm(128) + conv_bn(128, 64, 3, at8) + conv(64, classes, 1, at8, bias=True)
