"""Genomes and graph features as rows of numbers that lie close together where networks are alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from archspec.arrays import Array
from archspec.search.candidates import Decision, DecisionValue, Genome

FARTHEST = 4.0  # standard deviations: a feature beyond what was seen says no more than this
ABSENT = 0.5


def genome_row(decisions: Sequence[Decision], genome: Genome) -> list[float]:
    """Ordered options and ranges as 0..1, others one-hot, with a further column where a decision may not exist.

    Two options that are in no order are as far from each other as the ends of an ordered decision.
    """
    row: list[float] = []
    for decision in decisions:
        value = genome.get(decision.name)
        if decision.options and not decision.ordered:
            row += [math.sqrt(0.5) * (value == option) for option in decision.options]
        else:
            row.append(ABSENT if value is None else _position(decision, value))
        if decision.parent:
            row.append(float(value is not None))
    return row


def _position(decision: Decision, value: DecisionValue) -> float:
    """Where a value lies, 0..1: an option by its place in the list, a number by its size (its logarithm, for `log`)."""
    if decision.options:
        return decision.options.index(value) / max(1, len(decision.options) - 1)
    low, high, number = decision.low, decision.high, float(value)
    if decision.log:
        low, high, number = math.log(low), math.log(high), math.log(number)
    return (number - low) / (high - low) if high > low else ABSENT


class Scaling:
    """Features as columns of mean 0 and deviation 1 over what was seen; those that never differ are left out."""

    def __init__(self, seen: Sequence[Mapping[str, float]]) -> None:
        names = sorted({name for row in seen for name in row})
        values = _table(seen, names)
        spread = values.std(axis=0) if names else np.zeros(0)
        kept = np.flatnonzero(spread > 1e-9)
        self._names = [names[index] for index in kept]
        self._mean, self._spread = values.mean(axis=0)[kept], spread[kept]

    def rows(self, features: Sequence[Mapping[str, float]]) -> Array:
        """A row for each mapping; a name that is not there counts as 0."""
        scaled = (_table(features, self._names) - self._mean) / self._spread
        clipped: Array = np.clip(scaled, -FARTHEST, FARTHEST)
        return clipped


def _table(features: Sequence[Mapping[str, float]], names: Sequence[str]) -> Array:
    shape = len(features), len(names)
    return np.array([[row.get(name, 0.0) for name in names] for row in features], dtype=float).reshape(shape)
