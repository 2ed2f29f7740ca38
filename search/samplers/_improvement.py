"""Expected hypervolume improvement: how much more of the space of costs a network is expected to dominate.

For two objectives it is exact: with the one objective given, what a network adds is a sum of strips under the front,
each as wide as the front's step and as high as the other objective falls below it, whose expectation is the usual
expected improvement. Where the first is predicted as well, it is averaged over its distribution. For three objectives
and more it is a mean over draws (Emmerich et al. 2006, DOI 10.1109/TEVC.2005.859463).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from archspec.arrays import Array
from archspec.search.pareto import Point, hypervolume, non_dominated

NODES = 9  # quantiles that stand for a predicted objective beside another
DRAWS, MOST_DRAWN = 24, 24  # draws for each network of three objectives and more, and how many networks are drawn for


def expected_improvement(front: Sequence[Point], reference: Point, mean: Array, deviation: Array) -> Array:
    """Of each row of `mean` (costs) with its `deviation` (0 where a cost is known), beyond `front` in `reference`."""
    inside = non_dominated(point for point in front if all(a < b for a, b in zip(point, reference, strict=True)))
    if mean.shape[1] == 1:
        best = min((point[0] for point in inside), default=reference[0])
        return below(best, mean[:, 0], deviation[:, 0])
    if mean.shape[1] == 2:
        return _of_two(inside, reference, mean, deviation)
    return _of_several(inside, reference, mean, deviation)


def below(level: float | Array, mean: Array, deviation: Array) -> Array:
    """The expectation of `max(0, level - y)` for a normal y."""
    gap = level - mean
    safe = np.maximum(deviation, 1e-12)
    z = gap / safe
    expected = gap * chance_below(z) + safe * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    found: Array = np.where(deviation > 1e-12, expected, np.maximum(gap, 0.0))
    return found


def chance_below(z: Array) -> Array:
    """The distribution function of the standard normal."""
    from scipy.special import ndtr

    found: Array = ndtr(z)
    return found


def _of_two(front: Sequence[Point], reference: Point, mean: Array, deviation: Array) -> Array:
    if (deviation[:, 1] == 0).all():  # the known one is looked at first, where a single value stands for it
        turned = [(second, first) for first, second in front]
        reference, mean, deviation = (reference[1], reference[0]), mean[:, ::-1], deviation[:, ::-1]
        front = sorted(turned)
    known = (deviation[:, 0] == 0).all()
    total = np.zeros(len(mean))
    for z in (0.0,) if known else _quantiles(NODES):
        total += _given_first(front, reference, mean[:, 0] + z * deviation[:, 0], mean[:, 1], deviation[:, 1])
    return total / (1 if known else NODES)


def _given_first(front: Sequence[Point], reference: Point, first: Array, mean: Array, deviation: Array) -> Array:
    """The strips between the steps of the front, each from where the network's own first cost lies."""
    edges = [-np.inf, *(point[0] for point in front), reference[0]]
    levels = [reference[1], *(point[1] for point in front)]
    total = np.zeros(len(mean))
    for left, right, level in zip(edges[:-1], edges[1:], levels, strict=True):
        width = np.clip(right - np.maximum(first, left), 0.0, None)
        total += width * below(level, mean, deviation)
    return total


def _of_several(front: Sequence[Point], reference: Point, mean: Array, deviation: Array) -> Array:
    """By draws, for the networks whose hopeful costs (a deviation below the mean) add most."""
    base = hypervolume(front, reference)

    def added(point: Array) -> float:
        if (point >= reference).any():
            return 0.0
        return hypervolume([*front, tuple(point.tolist())], reference) - base

    found = np.array([1e-9 * added(row) for row in mean - deviation])
    draws = _draws(DRAWS, mean.shape[1])
    for row in np.argsort(-found, kind="stable")[:MOST_DRAWN]:
        found[row] += np.mean([added(mean[row] + z * deviation[row]) for z in draws])
    return found


@cache
def _quantiles(count: int) -> tuple[float, ...]:
    return tuple(NormalDist().inv_cdf((index + 0.5) / count) for index in range(count))


@cache
def _draws(count: int, columns: int) -> Array:
    """Normal draws, in pairs that mirror each other; the same ones always."""
    half = np.random.default_rng(0).standard_normal((count // 2, columns))
    return np.concatenate([half, -half])
