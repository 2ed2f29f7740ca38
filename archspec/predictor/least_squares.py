"""Least squares on relative errors, with lower bounds and a pull towards given values. No NumPy: it is imported by what
only predicts."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

ROUNDS = 500  # of coordinate descent, at most
ENOUGH = 1e-8  # of the largest coefficient, scaled: no further change matters


def fit(
    rows: Sequence[Sequence[float]],
    targets: Sequence[float],
    lowest: Sequence[float] | None = None,
    towards: Sequence[float] | None = None,
    pull: Sequence[float] | None = None,
    highest: Sequence[float] | None = None,
) -> list[float]:
    """Coefficients c with the least Σ (row · c / target - 1)² + Σ pull · (c - towards)² and each c between its `lowest`
    (0 unless given) and its `highest` (unless given, without end).

    Targets are positive. By coordinate descent on columns scaled to unit length, which converges because the problem is
    convex.
    """
    columns = [[row[k] / target for row, target in zip(rows, targets, strict=True)] for k in range(len(rows[0]))]
    scales = [sum([value * value for value in column]) ** 0.5 for column in columns]
    used = [k for k, scale in enumerate(scales) if scale > 0]
    unit = {k: [value / scales[k] for value in columns[k]] for k in used}
    gram = {j: {k: sum(map(float.__mul__, unit[j], unit[k])) for k in used} for j in used}
    right = {k: sum(unit[k]) for k in used}
    floor = {k: (0.0 if lowest is None else lowest[k]) * scales[k] for k in used}
    ceiling = {k: (inf if highest is None else highest[k]) * scales[k] for k in used}
    if pull is not None and towards is not None:
        for k in used:
            gram[k][k] += pull[k] / scales[k] ** 2
            right[k] += pull[k] * towards[k] / scales[k]
    found = _descend(used, gram, right, floor, ceiling)
    return [found[k] / scales[k] if k in found else 0.0 for k in range(len(scales))]


def _descend(
    used: list[int],
    gram: dict[int, dict[int, float]],
    right: dict[int, float],
    floor: dict[int, float],
    ceiling: dict[int, float],
) -> dict[int, float]:
    found = {k: max(0.0, floor[k]) for k in used}
    for _ in range(ROUNDS):
        change = 0.0
        for k in used:
            gradient = right[k] - sum([gram[k][j] * found[j] for j in used])
            value = min(ceiling[k], max(floor[k], found[k] + gradient / gram[k][k]))
            change = max(change, abs(value - found[k]))
            found[k] = value
        if change <= ENOUGH * max([1.0, *map(abs, found.values())]):
            break
    return found
