"""Parameters and multiply-adds of networks with attention, from their authors' configurations: no graph, no blocks.

Every convolution of 3×3 and more has symmetric padding, so a stride halves a map as SAME does. Products of two
activations are counted: queries times keys, and weights times values, for each head.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.cost.formulas import Count, Map, conv_bn, halved
from tests.networks.mobile_counts import conv, depthwise_bn, fractions, norm

Row = tuple[int, int, int, int]  # kernel, expansion, filters, stride


def rows_of(rows: Sequence[Row], inside: int, at: Map) -> tuple[Count, int, Map]:
    """Inverted residuals; an expansion of 1 has no 1×1 convolution in front."""
    total = Count()
    for kernel, expansion, filters, stride in rows:
        wide = inside * expansion
        if expansion > 1:
            total += conv_bn(inside, wide, 1, at)
        at = halved(at) if stride == 2 else at
        total += depthwise_bn(wide, at, kernel) + conv_bn(wide, filters, 1, at)
        inside = filters
    return total, inside, at


def feed_forward(channels: int, ratio: int, at: Map) -> Count:
    """1×1, depthwise 3×3 with a bias and no batch norm, 1×1."""
    wide = ratio * channels
    between = Count(10 * wide, 0, 9 * wide * at[0] * at[1])
    return conv_bn(channels, wide, 1, at) + between + conv_bn(wide, channels, 1, at)


def products(heads: int, key: int, value: int, tokens: int) -> Count:
    """Queries × keys and weights × values."""
    return Count(0, 0, heads * tokens * tokens * (key + value))


def fused_depthwise(channels: int, at: Map) -> Count:
    """A 1×1 convolution of one channel each, with batch norm."""
    return depthwise_bn(channels, at, kernel=1)


# --- TopFormer, arXiv:2204.05525; hustvl/TopFormer, local_configs/topformer -------------------------------------------
TOPFORMER: dict[str, tuple[tuple[int, int, int, int], int, int, bool]] = {
    "tiny": ((16, 32, 64, 96), 4, 128, True),  # channels of the pyramid, heads, injected channels, depthwise head
    "small": ((24, 48, 96, 128), 6, 192, False),
    "base": ((32, 64, 128, 160), 8, 256, False),
}


def topformer(name: str, size: Map, classes: int = 150) -> Count:
    """Token pyramid, four transformer blocks on its concatenated means, three injections, their sum, logits."""
    (c4, c8, c16, c32), heads, injected, depthwise = TOPFORMER[name]
    rows = [(3, 1, 16, 1), (3, 4, c4, 2), (3, 3, c4, 1), (5, 3, c8, 2), (5, 3, c8, 1), (3, 3, c16, 2), (3, 3, c16, 1)]
    rows += [(5, 6, c32, 2), (5, 6, c32, 1)] + ([] if name == "tiny" else [(3, 6, c32, 1)])
    pyramid, _, last = rows_of(rows, 16, halved(size))
    total = conv_bn(3, 16, 3, halved(size)) + pyramid
    at, channels, key, value = halved(last), c4 + c8 + c16 + c32, 16, 32
    for _ in range(4):
        total += conv_bn(channels, heads * key, 1, at) + conv_bn(channels, heads * key, 1, at)
        total += conv_bn(channels, heads * value, 1, at) + products(heads, key, value, at[0] * at[1])
        total += conv_bn(heads * value, channels, 1, at) + feed_forward(channels, 2, at)
    for width, stride in ((c8, 3), (c16, 4), (c32, 5)):
        total += conv_bn(width, injected, 1, fractions(size, stride))
        total += conv_bn(width, injected, 1, at) + conv_bn(width, injected, 1, at)
    fine = fractions(size, 3)
    total += fused_depthwise(injected, fine) if depthwise else conv_bn(injected, injected, 1, fine)
    return total + conv(injected, classes, 1, fine, bias=True)


# --- SeaFormer, arXiv:2301.13156; fudan-zvg/SeaFormer, seaformer-seg/local_configs/seaformer --------------------------
POSITIONS = 16  # of each position embedding, whatever the size of the map


def axial_attention(channels: int, heads: int, key: int, at: Map) -> Count:
    """Squeeze-enhanced axial attention: along rows and columns of means, beside a depthwise detail branch."""
    keys, values = heads * key, 2 * heads * key
    total = conv_bn(channels, keys, 1, at) + conv_bn(channels, keys, 1, at) + conv_bn(channels, values, 1, at)
    total += depthwise_bn(2 * values, at) + conv_bn(2 * values, channels, 1, at)
    for length in at:
        total += products(heads, key, 2 * key, length) + conv_bn(values, values, 1, (length, 1))
        total += Count(2 * POSITIONS * keys)
    return total + conv_bn(values, channels, 1, at)


SEAFORMER: dict[str, tuple[tuple[int, ...], int, int, int, tuple[int, int]]] = {
    "tiny": ((16, 32, 64, 128, 160), 3, 4, 2, (64, 96)),  # channels, expansion at stride 32, heads, depth, fusions
    "small": ((24, 48, 96, 160, 192), 4, 6, 3, (96, 128)),
    "base": ((32, 64, 128, 192, 256), 4, 8, 4, (128, 160)),
}


def seaformer(name: str, size: Map, classes: int = 150) -> Count:
    """Five stages of inverted residuals, axial transformers behind the last two, two fusions, logits."""
    (c4, c8, c16, c32, c64), expansion, heads, depth, fused = SEAFORMER[name]
    rows = [(3, 1, 16, 1), (3, 4, c4, 2), (3, 3, c4, 1), (5, 3, c8, 2), (5, 3, c8, 1), (3, 3, c16, 2), (3, 3, c16, 1)]
    rows += [(5, expansion, c32, 2)]
    total, _, at32 = rows_of(rows, 16, halved(size))
    total += conv_bn(3, 16, 3, halved(size))
    for _ in range(depth):
        total += axial_attention(c32, heads, 16, at32) + feed_forward(c32, 2, at32)
    last, _, at64 = rows_of([(3, 6, c64, 2)], c32, at32)
    total += last
    for _ in range(depth):
        total += axial_attention(c64, heads, 24, at64) + feed_forward(c64, 4, at64)
    fine = fractions(size, 3)
    total += conv_bn(c8, fused[0], 1, fine) + conv_bn(c32, fused[0], 1, at32)
    total += conv_bn(fused[0], fused[1], 1, fine) + conv_bn(c64, fused[1], 1, at64)
    return total + fused_depthwise(fused[1], fine) + conv(fused[1], classes, 1, fine, bias=True)


# --- PP-MobileSeg-Tiny, arXiv:2304.05152; PaddlePaddle/PaddleSeg, configs/pp_mobileseg --------------------------------
STRIDEFORMER_TINY = [  # kernel, expanded, filters, squeeze-and-excite, stride: one list a stage
    [(3, 16, 16, 1, 1), (3, 64, 32, 0, 2), (3, 48, 24, 0, 1)],
    [(5, 96, 32, 1, 2), (5, 96, 32, 1, 1)],
    [(5, 160, 64, 1, 2), (5, 160, 64, 1, 1)],
    [(3, 384, 128, 1, 2), (3, 384, 128, 1, 1)],
]


def mobilenet_rows(rows: Sequence[tuple[int, int, int, int, int]], inside: int, at: Map) -> tuple[Count, int, Map]:
    """MobileNetV3's units; all of them expand, and squeeze to a quarter without rounding."""
    total = Count()
    for kernel, wide, filters, squeeze, stride in rows:
        total += conv_bn(inside, wide, 1, at)
        at = halved(at) if stride == 2 else at
        total += depthwise_bn(wide, at, kernel)
        if squeeze:
            total += conv(wide, wide // 4, 1, (1, 1), bias=True) + conv(wide // 4, wide, 1, (1, 1), bias=True)
        total += conv_bn(wide, filters, 1, at)
        inside = filters
    return total, inside, at


def strided_attention(channels: int, heads: int, key: int, at: Map) -> Count:
    """Axial attention at half the size, behind a depthwise convolution with a bias before its batch norm."""
    half = halved(at)
    return depthwise_bn(channels, half) + Count(channels) + axial_attention(channels, heads, key, half)


def pp_mobileseg_tiny(size: Map, classes: int = 150, heads: int = 4, depth: int = 2, fused: int = 256) -> Count:
    """Four stages, strided axial transformers behind the last two, attention that gates and adds up, logits."""
    at, inside = halved(size), 16
    total = conv_bn(3, inside, 3, at)
    fused_at = fractions(size, 4)
    for stage, rows in enumerate(STRIDEFORMER_TINY):
        made, inside, at = mobilenet_rows(rows, inside, at)
        total += made
        if stage >= 2:
            key, ratio = ((16, 2), (24, 4))[stage - 2]
            for _ in range(depth):
                total += strided_attention(inside, heads, key, at) + feed_forward(inside, ratio, at)
        if stage >= 1:
            here = at if stage == 3 else fused_at
            total += conv_bn(inside, fused, 1, here) + conv_bn(inside, fused, 1, here)
    return total + fused_depthwise(fused, fused_at) + conv(fused, classes, 1, fused_at, bias=True)


__all__ = ["norm", "pp_mobileseg_tiny", "seaformer", "topformer"]
