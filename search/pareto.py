"""Non-dominated fronts and the exact hypervolume, in costs: every coordinate is better when smaller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archspec.search.trials import Objective, Trial, costs

Point = tuple[float, ...]
MARGIN = 0.1


def dominates(one: Point, other: Point) -> bool:
    """Whether `one` is nowhere worse and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def non_dominated(points: Iterable[Point]) -> list[Point]:
    """The distinct points that no other dominates, in rising order."""
    front: list[Point] = []
    for point in sorted(set(points)):  # in this order, nothing later dominates what is kept
        if not any(dominates(kept, point) for kept in front):
            front.append(point)
    return front


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
    """The exact volume that `points` dominate within `reference` (WFG: While, Bradstreet, Barone 2012)."""
    inside = [point for point in points if all(a < b for a, b in zip(point, reference, strict=True))]
    return _volume(non_dominated(inside), reference)


def _volume(front: list[Point], reference: Point) -> float:
    """Of a front in rising order."""
    if not front:
        return 0.0
    if len(reference) == 1:
        return reference[0] - front[0][0]
    if len(reference) == 2:
        return _area(front, reference)
    total = 0.0
    for index, point in enumerate(front):
        limited = [tuple(map(max, point, other)) for other in front[index + 1 :]]
        total += _box(point, reference) - _volume(non_dominated(limited), reference)
    return total


def _area(front: list[Point], reference: Point) -> float:
    total, above = 0.0, reference[1]
    for x, y in front:  # x rises, so y falls
        total += (reference[0] - x) * (above - y)
        above = y
    return total


def _box(point: Point, reference: Point) -> float:
    volume = 1.0
    for a, b in zip(point, reference, strict=True):
        volume *= b - a
    return volume
