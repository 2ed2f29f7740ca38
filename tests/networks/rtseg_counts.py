"""Parameters and multiply-adds of ShuffleSeg and of RTSeg's MobileNets by pencil and paper: no graph, no blocks.

Each network is what its logits need (`live`), what the published code makes beside it and nothing reads (`dead`), and
what a transposed convolution computes and is cut off again, on maps of odd size (`cropped`).
"""

from __future__ import annotations

from dataclasses import dataclass

Map = tuple[int, int]
STAGE2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


@dataclass(frozen=True)
class Count:
    """What a piece has and does; `cropped` MACs are in `macs` too."""

    params: int = 0
    statistics: int = 0
    macs: int = 0
    cropped: float = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.params + other.params,
            self.statistics + other.statistics,
            self.macs + other.macs,
            self.cropped + other.cropped,
        )


def conv(inside: int, outside: int, kernel: int, at: Map, groups: int = 1, bn: bool = True) -> Count:
    """Weights, a bias, and a batch norm; `at` is the size of what comes out."""
    weights = kernel * kernel * (inside // groups) * outside
    return Count(weights + outside + 2 * outside * bn, 2 * outside * bn, weights * at[0] * at[1])


def depthwise(channels: int, at: Map) -> Count:
    """3×3, a bias, a batch norm."""
    return Count(12 * channels, 2 * channels, 9 * channels * at[0] * at[1])


def deconv(inside: int, outside: int, kernel: int, at: Map, to: Map, bn: bool = True) -> Count:
    """From `at` to `to` with a stride of half the kernel: each number of the input meets the whole kernel."""
    weights, factor = kernel * kernel * inside * outside, kernel // 2
    spare = at[0] * at[1] - to[0] * to[1] / factor**2
    return Count(weights + outside + 2 * outside * bn, 2 * outside * bn, weights * at[0] * at[1], weights * spare)


def total(*counts: Count) -> Count:
    """Their sum."""
    return sum(counts, Count())


def half(at: Map) -> Map:
    """SAME padding, stride 2."""
    return (at[0] + 1) // 2, (at[1] + 1) // 2


def nearest(value: float, step: int) -> int:
    """The nearest multiple, at least one."""
    return max(int(value / step + 0.5), 1) * step


class Shuffle:
    """ShuffleNet v1's pieces at one image size: conv1 and its pool VALID, the stages halved."""

    def __init__(self, size: Map, groups: int = 3, width: float = 1.0) -> None:
        self.groups = groups
        self.stem = nearest(24 * width, groups)
        self.widths = {stage: nearest(STAGE2[groups] * 2 ** (stage - 2) * width, 4 * groups) for stage in (2, 3, 4)}
        self.conv1 = (size[0] - 3) // 2 + 1, (size[1] - 3) // 2 + 1
        self.pool = (self.conv1[0] - 2) // 2 + 1, (self.conv1[1] - 2) // 2 + 1
        self.at = {2: half(self.pool)}
        self.at |= {3: half(self.at[2])}
        self.at |= {4: half(self.at[3])}

    def stage(self, number: int, before: Map, after: Map) -> Count:
        """A unit beside the pooled input, and 3 or 7 that are added."""
        groups, filters = self.groups, self.widths[number]
        inside = self.stem if number == 2 else self.widths[number - 1]
        more = filters - inside
        wide = more // 4 - more // 4 % groups
        found = conv(inside, wide, 1, before, 1 if number == 2 else groups) + depthwise(wide, after)
        found += conv(wide, more, 1, after, groups)
        unit = conv(filters, filters // 4, 1, after, groups) + depthwise(filters // 4, after)
        unit += conv(filters // 4, filters, 1, after, groups)
        return total(found, *[unit] * (7 if number == 3 else 3))

    def encoder(self, dilated: bool = False) -> Count:
        """conv1 and the three stages; the dilated one stays at the size of stage 2."""
        at3, at4 = (self.at[2], self.at[2]) if dilated else (self.at[3], self.at[4])
        stages = self.stage(2, self.pool, self.at[2]), self.stage(3, self.at[2], at3), self.stage(4, at3, at4)
        return total(conv(3, self.stem, 3, self.conv1), *stages)


MOBILE = {2: (64, 1), 3: (128, 2), 4: (128, 1), 5: (256, 2), 6: (256, 1), 7: (512, 2)}
MOBILE |= dict.fromkeys(range(8, 13), (512, 1))
MOBILE |= {13: (1024, 2), 14: (1024, 1)}  # arXiv:1704.04861, Table 1, numbered as RTSeg does


class Mobile:
    """MobileNetV1's pieces at one image size, width 1."""

    def __init__(self, size: Map) -> None:
        self.at, self.unit, self.channels = {1: half(size)}, {1: conv(3, 32, 3, half(size))}, {1: 32}
        for number, (filters, stride) in MOBILE.items():
            at = half(self.at[number - 1]) if stride == 2 else self.at[number - 1]
            inside = self.channels[number - 1]
            self.unit[number] = depthwise(inside, at) + conv(inside, filters, 1, at)
            self.at[number], self.channels[number] = at, filters

    def units(self, first: int, last: int) -> Count:
        """Those of a stretch."""
        return total(*[self.unit[number] for number in range(first, last + 1)])

    def dilated(self) -> Count:
        """Units 7 to 14 at stride 8, the two that lose their stride as whole 3×3 convolutions."""
        at = self.at[6]
        plain = depthwise(512, at) + conv(512, 512, 1, at)
        ends = conv(256, 512, 3, at), conv(512, 1024, 3, at), depthwise(1024, at), conv(1024, 1024, 1, at)
        return total(*ends, *[plain] * 5)


def skipnet(top: int, skips: list[tuple[int, Map]], at: Map, size: Map, classes: int) -> Count:
    """Scores of three maps; two doublings with batch norm, one upsampling by 8 without."""
    found = conv(top, classes, 1, at, bn=False)
    for channels, to in skips:
        found += deconv(classes, classes, 4, at, to) + conv(channels, classes, 1, to)
        at = to
    return found + deconv(classes, classes, 16, at, size, bn=False)


def unet(top: int, skips: list[tuple[int, Map]], at: Map, size: Map, last: int, classes: int) -> Count:
    """1×1, doubling, 1×1 for every skip; a doubling more; two 1×1."""
    found, inside = Count(), top
    for channels, to in skips:
        found += conv(inside, channels, 1, at) + deconv(channels, channels, 4, at, to) + conv(channels, channels, 1, to)
        inside, at = channels, to
    found += deconv(inside, inside, 4, at, size)
    return found + conv(inside, last, 1, size) + conv(last, classes, 1, size, bn=False)


def network(name: str, size: Map, classes: int = 20, groups: int = 3, width: float = 1.0) -> tuple[Count, Count]:
    """`(live, dead)` of one of the eight networks."""
    if name.startswith("shuffleseg"):
        return _shuffleseg(name, size, classes, groups, width)
    parts = Mobile(size)
    scores = conv(1024, classes, 1, parts.at[14], bn=False)
    if name == "skipnet_mobilenet":
        skips = [(512, parts.at[7]), (256, parts.at[5])]
        return parts.units(1, 14) + skipnet(1024, skips, parts.at[14], size, classes), Count()
    if name == "unet_mobilenet":
        skips = [(parts.channels[unit], parts.at[unit]) for unit in (12, 6, 4, 2)]
        live = parts.units(1, 13) + unet(1024, skips, parts.at[13], size, 32, classes)
        return live, parts.unit[14] + scores
    live = parts.units(1, 6) + parts.dilated() + conv(1024, classes, 1, parts.at[6])
    return live + _last(name, classes, parts.at[6], size), parts.units(7, 14) + scores


def _shuffleseg(name: str, size: Map, classes: int, groups: int, width: float) -> tuple[Count, Count]:
    parts = Shuffle(size, groups, width)
    at, top = parts.at, parts.widths[4]
    scores = conv(top, classes, 1, at[4], bn=False)
    skips = [(parts.widths[3], at[3]), (parts.widths[2], at[2])]
    if name == "shuffleseg_skipnet":
        return parts.encoder() + skipnet(top, skips, at[4], size, classes), Count()
    if name == "shuffleseg_unet":
        skips += [(parts.stem, (h + 1, w + 1)) for h, w in (parts.pool, parts.conv1)]
        return parts.encoder() + unet(top, skips, at[4], size, parts.stem, classes), scores
    live = parts.encoder(dilated=True) + conv(top, classes, 1, at[2], bn=False)
    dead = parts.stage(3, at[2], at[3]) + parts.stage(4, at[3], at[4]) + scores
    return live + _last(name, classes, at[2], size), dead


def _last(name: str, classes: int, at: Map, size: Map) -> Count:
    if "4s" in name:
        return deconv(classes, classes, 4, at, (2 * at[0], 2 * at[1]), bn=False)
    return deconv(classes, classes, 16, at, size, bn=False)
