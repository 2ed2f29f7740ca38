"""Neighbouring pixels that agree, as one pixel with a count: label maps have few edges, so there is less to count."""

from __future__ import annotations

import numpy as np

from archspec.arrays import Array

WORTH_IT = 8  # pixels a run, on the mean; below, cutting into runs costs more than it saves


def runs(*maps: Array) -> tuple[tuple[Array, ...], Array | None]:
    """Each map as a list of its values, one a run, and the runs' lengths; a run ends where any of the maps changes.

    The maps are of one shape and read row by row. Where they change too often they come back pixel by pixel, and
    lengths are None.
    """
    flat = tuple(one.ravel() for one in maps)
    if flat[0].size < 2:
        return flat, None
    changes = flat[0][1:] != flat[0][:-1]
    for one in flat[1:]:
        changes |= one[1:] != one[:-1]
    if np.count_nonzero(changes) * WORTH_IT > changes.size:
        return flat, None
    starts = np.append(0, np.flatnonzero(changes) + 1)
    return tuple(one[starts] for one in flat), np.diff(starts, append=flat[0].size)


def count(numbers: Array, lengths: Array | None, size: int) -> Array:
    """How often each number below `size` occurs, int64; a number of a run as often as the run is long."""
    if lengths is None:
        return np.bincount(numbers, minlength=size)
    return np.bincount(numbers, weights=lengths, minlength=size).astype(np.int64)  # whole numbers, exact up to 2⁵³
