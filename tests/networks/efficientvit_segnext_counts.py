"""Parameters and multiply-adds of EfficientViT-B0 and SegNeXt-T from their papers' tables: no graph, no blocks."""

from __future__ import annotations

from tests.cost.formulas import Count, Map, conv_bn, halved
from tests.networks.mobile_counts import conv, depthwise_bn, norm


def depthwise(channels: int, rows: int, columns: int, at: Map, bias: bool = True) -> Count:
    """A depthwise convolution of any window, without batch norm."""
    return Count((rows * columns + bias) * channels, 0, rows * columns * channels * at[0] * at[1])


# --- EfficientViT-B0, arXiv:2205.14756: width 8, 16, 32, 64, 128; depth 1, 2, 2, 2, 2; heads of 16 channels -----------
def mbconv(inside: int, outside: int, at: Map, after: Map, normed: bool = True) -> Count:
    """Expansion by 4; the first two convolutions have batch norms, or biases."""
    wide = 4 * inside
    if normed:
        first, second = conv_bn(inside, wide, 1, at), depthwise_bn(wide, after)
    else:
        first, second = conv(inside, wide, 1, at, bias=True), depthwise(wide, 3, 3, after)
    return first + second + conv_bn(wide, outside, 1, after)


def linear_attention(channels: int, at: Map, of_head: int = 16, scale: int = 5) -> Count:
    """q, k, v; the same of windows; for each of 2 · heads the products k v, q (k v) and q (sum of k)."""
    wide, places, heads = 3 * channels, at[0] * at[1], 2 * channels // of_head
    grouped = Count(wide * of_head, 0, wide * of_head * places)
    products = Count(0, 0, heads * places * (2 * of_head * of_head + of_head))
    own_scale = conv(channels, wide, 1, at) + depthwise(wide, scale, scale, at, bias=False) + grouped
    return own_scale + products + conv_bn(2 * channels, channels, 1, at)


def efficientvit_b0(size: Map, classes: int) -> Count:
    at = halved(size)
    total = conv_bn(3, 8, 3, at) + depthwise_bn(8, at) + conv_bn(8, 8, 1, at)
    taps = []
    for inside, outside in ((8, 16), (16, 32)):
        before, at = at, halved(at)
        total += mbconv(inside, outside, before, at) + mbconv(outside, outside, at, at)
        taps.append((outside, at))
    for inside, outside in ((32, 64), (64, 128)):
        before, at = at, halved(at)
        total += mbconv(inside, outside, before, at, normed=False)
        for _ in range(2):
            total += linear_attention(outside, at) + mbconv(outside, outside, at, at, normed=False)
        taps.append((outside, at))
    at = taps[1][1]
    for channels, own in taps[1:]:
        total += conv_bn(channels, 32, 1, own)
    total += mbconv(32, 32, at, at) + conv_bn(32, 128, 1, at)
    return total + conv(128, classes, 1, at, bias=True)


# --- SegNeXt-T, arXiv:2209.08575, Table 2: channels 32, 64, 160, 256; expansions 8, 8, 4, 4; depths 3, 3, 5, 2 --------
STAGES = ((32, 8, 3), (64, 8, 3), (160, 4, 5), (256, 4, 2))


def mscan(channels: int, expansion: int, at: Map) -> Count:
    """Two batch norms and two scales; three 1×1 convolutions around the strips; the convolutional MLP."""
    total = norm(channels) + norm(channels) + Count(2 * channels)
    for _ in range(3):
        total += conv(channels, channels, 1, at, bias=True)
    total += depthwise(channels, 5, 5, at)
    for length in (7, 11, 21):
        total += depthwise(channels, 1, length, at) + depthwise(channels, length, 1, at)
    wide = expansion * channels
    mlp = conv(channels, wide, 1, at, bias=True) + depthwise(wide, 3, 3, at) + conv(wide, channels, 1, at, bias=True)
    return total + mlp


def factorisation(channels: int, rank: int, steps: int, at: Map) -> Count:
    """First shares; each step x bᵀ, b bᵀ, s (b bᵀ), then sᵀ x, sᵀ s, (sᵀ s) b; shares once more; s b."""
    places = at[0] * at[1]
    of_shares = places * channels * rank + rank * rank * channels + places * rank * rank
    of_bases = places * channels * rank + rank * rank * places + rank * rank * channels
    return Count(0, rank * channels, 2 * places * channels * rank + (steps + 1) * of_shares + steps * of_bases)


def segnext_tiny(size: Map, classes: int) -> Count:
    at = halved(size)
    total = conv_bn(3, 16, 3, at) + Count(16)
    inside, maps = 16, []
    for channels, expansion, depth in STAGES:
        at = halved(at)
        total += conv_bn(inside, channels, 3, at) + Count(channels)
        for _ in range(depth):
            total += mscan(channels, expansion, at)
        total += Count(2 * channels)
        inside = channels
        maps.append(at)
    at = maps[1]
    total += conv(64 + 160 + 256, 256, 1, at) + conv(256, 256, 1, at, bias=True) + factorisation(256, 16, 7, at)
    total += conv(256, 256, 1, at) + conv(256, 256, 1, at) + Count(3 * 2 * 256)
    return total + conv(256, classes, 1, at, bias=True)
