"""Share of pixels whose label is right, of those whose true label counts."""

from __future__ import annotations

from archspec.scoring.metrics._counts import Counts

NAME = "pixel accuracy"


def pixel_accuracy(counts: Counts) -> float:
    """NaN when no pixel counts."""
    rows = counts.matrix[counts.labels.counted]
    pixels = int(rows.sum())
    return int(counts.matrix.diagonal()[counts.labels.counted].sum()) / pixels if pixels else float("nan")
