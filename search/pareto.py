"""Non-dominated fronts and the exact hypervolume, in costs: every coordinate is better when smaller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress

from archspec.search.trials import Objective, Trial, costs

Point = tuple[float, ...]
MARGIN = 0.1


def dominates(one: Point, other: Point) -> bool:
    """Whether `one` is nowhere worse and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def non_dominated(points: Iterable[Point]) -> list[Point]:
    """The distinct points that no other dominates, in rising order."""
    distinct = sorted(set(points))
    if len(distinct) < 2:
        return distinct
    import moocore

    return list(compress(distinct, moocore.is_nondominated(distinct)))


def pareto_front(trials: Iterable[Trial], objectives: tuple[Objective, ...]) -> list[Trial]:
    """The done trials that no other done trial dominates, in rising order of the first objective's cost.

    Rejected and failed trials are not on it, whatever their values. Of equal values the first proposed stands.
    """
    first: dict[Point, Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        point = costs(objectives, trial.values) if trial.state == "done" else None
        if point is not None:
            first.setdefault(point, trial)
    return [first[point] for point in non_dominated(first)]


def reference_point(points: Sequence[Point]) -> Point:
    """The worst of each coordinate among `points`, and a tenth of its range beyond (of its size where all are equal).

    Hypervolumes can be compared only from one reference: take it of all points that are compared.
    """
    found = []
    for column in zip(*points, strict=True):
        low, high = min(column), max(column)
        found.append(high + MARGIN * ((high - low) or abs(high) or 1.0))
    return tuple(found)


def hypervolume(points: Iterable[Point], reference: Point) -> float:
    """The exact volume that `points` dominate within `reference`."""
    rows = list(points)
    if not rows:
        return 0.0
    import moocore

    return float(moocore.hypervolume(rows, ref=reference))
