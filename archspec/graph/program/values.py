"""Where the channels of a tensor are: whole in one runtime tensor, perhaps in another order, or scattered over several.

A channel is a code, `runtime tensor << 20 | channel`, so that neighbours in memory are neighbours as integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress
from operator import sub

SHIFT = 20
CHANNEL = (1 << SHIFT) - 1
SCATTERED = -1
NEXT_IS_NOT = (1).__ne__
Stretch = tuple[int, int]  # the first code of neighbouring channels, and how many they are


class Layout:
    """How logical channels lie in a runtime tensor. Positions are worked out only when weights ask for them."""

    __slots__ = ("_logical", "_physical", "_positions")

    def __init__(self, logical: Sequence[int], physical: Sequence[Stretch]) -> None:
        self._logical = logical
        self._physical = physical
        self._positions: list[int] | None = None

    @property
    def positions(self) -> list[int]:
        """`positions[logical channel]` is the channel in memory."""
        if self._positions is None:
            codes = chain.from_iterable(range(first, first + length) for first, length in self._physical)
            index = {code: position for position, code in enumerate(codes)}
            self._positions = [index[code] for code in self._logical]
        return self._positions

    @property
    def order(self) -> list[int]:
        """`order[channel in memory]` is the logical channel: how to sort a kernel's input axis."""
        order = [0] * len(self._logical)
        for logical, position in enumerate(self.positions):
            order[position] = logical
        return order


class Value:
    """Where a graph tensor is: whole in `tensor` (in `layout`'s order, or its own), or where `scattered` codes say."""

    __slots__ = ("layout", "scattered", "tensor")

    def __init__(self, tensor: int, layout: Layout | None = None, scattered: list[int] | None = None) -> None:
        self.tensor = tensor
        self.layout = layout
        self.scattered = scattered

    def codes(self, channels: int) -> list[int]:
        """The place of each logical channel."""
        if self.scattered is not None:
            return self.scattered
        first = self.tensor << SHIFT
        if self.layout is None:
            return list(range(first, first + channels))
        return [first + position for position in self.layout.positions]


def runs(codes: Sequence[int]) -> list[Stretch]:
    """Stretches of neighbouring codes, in the order given."""
    steps = map(sub, codes[1:], codes)  # in C: this runs over every channel of every gathered map
    starts = [0, *compress(range(1, len(codes)), map(NEXT_IS_NOT, steps))]
    ends = [*starts[1:], len(codes)]
    return [(codes[start], end - start) for start, end in zip(starts, ends, strict=True)]


def sorted_runs(codes: Sequence[int]) -> list[Stretch]:
    """`runs` of different codes in ascending order, found by halving: in a stretch, codes rise as positions do."""
    found: list[Stretch] = []
    start, count = 0, len(codes)
    while start < count:
        first = codes[start]
        low, high = start + 1, count
        while low < high:
            middle = (low + high) // 2
            if codes[middle] - first == middle - start:
                low = middle + 1
            else:
                high = middle
        found.append((first, low - start))
        start = low
    return found


def shuffled(codes: Sequence[int], groups: int) -> list[int]:
    """Channel shuffle of ShuffleNet: `(groups, n)` read as `(n, groups)`."""
    each = len(codes) // groups
    result = list(codes)
    for group in range(groups):
        result[group::groups] = codes[group * each : (group + 1) * each]
    return result
