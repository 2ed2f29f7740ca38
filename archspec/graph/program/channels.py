"""Where channels are at run time: sequences that are cut, joined and woven piece by piece, not channel by channel.

A channel is a code, `runtime tensor << 20 | channel`, so that neighbours in memory are neighbours as integers. Codes
are written out only where weights must follow an order: a cost is asked for far more often than a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import compress
from operator import sub

SHIFT = 20
CHANNEL = (1 << SHIFT) - 1
NEXT_IS_NOT = (1).__ne__
Stretch = tuple[int, int]  # the first code of neighbouring channels, and how many they are


class Channels(ABC):
    """`count` channels in their logical order."""

    __slots__ = ("count",)
    count: int

    @abstractmethod
    def cut(self, start: int, stop: int) -> Channels:
        """Those from `start` up to `stop`, at least one."""

    @abstractmethod
    def codes(self) -> list[int]:
        """The code of each."""

    @abstractmethod
    def stretches(self) -> list[Stretch]:
        """What they are made of, in any order; a channel that is used twice is in two."""


class Run(Channels):
    """Neighbours in memory."""

    __slots__ = ("first",)

    def __init__(self, first: int, count: int) -> None:
        self.first, self.count = first, count

    def cut(self, start: int, stop: int) -> Channels:
        return Run(self.first + start, stop - start)

    def codes(self) -> list[int]:
        return list(range(self.first, self.first + self.count))

    def stretches(self) -> list[Stretch]:
        return [(self.first, self.count)]


class Listed(Channels):
    """In no order that could be told shorter."""

    __slots__ = ("_codes",)

    def __init__(self, codes: list[int]) -> None:
        self._codes, self.count = codes, len(codes)

    def cut(self, start: int, stop: int) -> Channels:
        return Listed(self._codes[start:stop])

    def codes(self) -> list[int]:
        return self._codes

    def stretches(self) -> list[Stretch]:
        return runs(sorted(self._codes))


class Joined(Channels):
    """One part after the other."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Channels]) -> None:
        self._parts = parts
        self.count = sum([part.count for part in parts])

    def cut(self, start: int, stop: int) -> Channels:
        found = []
        for part in self._parts:
            if start < part.count and stop > 0:
                first, last = max(start, 0), min(stop, part.count)
                found.append(part if last - first == part.count else part.cut(first, last))
            start -= part.count
            stop -= part.count
        return found[0] if len(found) == 1 else Joined(found)

    def codes(self) -> list[int]:
        return [code for part in self._parts for code in part.codes()]

    def stretches(self) -> list[Stretch]:
        return [stretch for part in self._parts for stretch in part.stretches()]


class Woven(Channels):
    """The rows' first channels, then their second ones, and so on: earlier rows may be longer by one."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Channels]) -> None:
        self._rows = rows
        self.count = sum([row.count for row in rows])

    def cut(self, start: int, stop: int) -> Channels:
        rows, groups = self._rows, len(self._rows)
        found = []
        for at in range(start, min(start + groups, stop)):  # the row of the first channel comes first
            row = at % groups
            found.append(rows[row].cut(at // groups, (stop - row + groups - 1) // groups))
        return found[0] if len(found) == 1 else Woven(found)

    def codes(self) -> list[int]:
        found, groups = [0] * self.count, len(self._rows)
        for at, row in enumerate(self._rows):
            found[at::groups] = row.codes()
        return found

    def stretches(self) -> list[Stretch]:
        return [stretch for row in self._rows for stretch in row.stretches()]


def shuffled(channels: Channels, groups: int) -> Channels:
    """Channel shuffle of ShuffleNet: `(groups, n)` read as `(n, groups)`."""
    each = channels.count // groups
    return Woven([channels.cut(start, start + each) for start in range(0, channels.count, each)])


def tidy(stretches: list[Stretch]) -> list[Stretch] | None:
    """Stretches as they lie in memory, those that touch made one; None where a channel is in two of them."""
    stretches.sort()
    found: list[Stretch] = []
    first, length = stretches[0]
    for start, count in stretches[1:]:
        if start > first + length:
            found.append((first, length))
            first, length = start, count
        elif start == first + length:
            length += count
        else:
            return None
    found.append((first, length))
    return found


def runs(codes: Sequence[int]) -> list[Stretch]:
    """Stretches of neighbouring codes, in the order given."""
    steps = map(sub, codes[1:], codes)  # in C: this runs over every channel of every gathered map
    starts = [0, *compress(range(1, len(codes)), map(NEXT_IS_NOT, steps))]
    ends = [*starts[1:], len(codes)]
    return [(codes[start], end - start) for start, end in zip(starts, ends, strict=True)]
