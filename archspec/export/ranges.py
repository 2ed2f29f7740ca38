"""Which range an int8 tensor gets, from what was seen of its numbers: all of it, a percentile, or the least error.

Numbers are counted in histograms that widen as further images need it, so that images are gone through once.
"""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array, RangeChoice
from archspec.export.int8_plan import STEPS

Range = tuple[float, float]

BINS = 2048
PERCENTILE = 99.99
"""Share of the numbers, in percent, that a percentile's range holds: half of the others lie below it, half above."""
SHARES = np.linspace(0.3, 1.0, 36)
"""The ends that the search for the least error tries, as shares of what was seen."""


class Histogram:
    """How often numbers were seen, in equal bins from the smallest to the largest."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.counts: Array = np.zeros(BINS)

    def add(self, numbers: Array) -> None:
        """Count an array's numbers. Where they go beyond what was seen, what was counted moves to wider bins."""
        low, high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        if (low, high) != (self.low, self.high):
            if self.counts.any():
                self.counts = np.histogram(self.centres, BINS, (low, high), weights=self.counts)[0]
            self.low, self.high = low, high
        self.counts = self.counts + np.histogram(numbers, BINS, (low, high))[0]

    @property
    def centres(self) -> Array:
        """The middle of each bin."""
        edges = np.linspace(self.low, self.high, BINS + 1)
        middles: Array = (edges[1:] + edges[:-1]) / 2
        return middles

    def range_by(self, choice: RangeChoice) -> Range:
        """`(lowest, highest)` that is kept; what lies outside is clipped."""
        if choice == "minmax" or self.low == self.high:
            return self.low, self.high
        return self._percentile() if choice == "percentile" else self._least_error()

    def _percentile(self) -> Range:
        outside = (1 - PERCENTILE / 100) / 2 * self.counts.sum()
        seen = np.cumsum(self.counts)
        edges = np.linspace(self.low, self.high, BINS + 1)
        first = int(np.searchsorted(seen, outside, side="right"))
        last = int(np.searchsorted(seen, seen[-1] - outside, side="left"))
        return float(edges[first]), float(edges[min(last, BINS - 1) + 1])

    def _least_error(self) -> Range:
        """The range of the smallest mean squared error after rounding to 256 steps: each end in turn, twice."""
        filled = self.counts > 0
        centres, counts = self.centres[filled], self.counts[filled]
        low, high = min(self.low, 0.0), max(self.high, 0.0)
        for _ in range(2):
            high = self._best(centres, counts, [(low, max(self.high, 0.0) * share) for share in SHARES])[1]
            low = self._best(centres, counts, [(min(self.low, 0.0) * share, high) for share in SHARES])[0]
        return low, high

    @staticmethod
    def _best(centres: Array, counts: Array, ranges: list[Range]) -> Range:
        return min(reversed(ranges), key=lambda one: _rounding_error(centres, counts, one))  # of equal ones the widest


def _rounding_error(centres: Array, counts: Array, kept: Range) -> float:
    """Sum of squared differences that clipping makes, and of one twelfth of a squared step for what is rounded."""
    low, high = kept
    beyond = centres - np.clip(centres, low, high)
    step = (high - low) / STEPS
    return float((counts * np.where(beyond == 0, step**2 / 12, beyond**2)).sum())
