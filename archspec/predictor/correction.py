"""From operators alone to whole networks: sums by kind, and the factors with which they come nearest to what networks
take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archspec.predictor.least_squares import fit
from archspec.predictor.table import OTHER, Correction

OWN_FACTOR_SHARE, OWN_FACTOR_NETWORKS = 0.01, 8
"""A kind of operator has a factor of its own where it takes this share of the time in so many networks; rarer ones
share one factor."""
PULL = (0.03 / 0.3) ** 2
"""Towards operators that take in a network what they take alone: networks are off by some 3 %, such factors by 30 %."""
ALONE = 1.0  # of a kind that no network has
COLD_FACTOR = 0.3  # where the pull goes: caches are found neither cold nor warm


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the operators of one network, in ms: warm times by code, cold less warm, and what was interpolated."""

    warm_ms: dict[str, float]
    colder_ms: float
    interpolated_ms: float
    operations: int
    extrapolated_ms: float = 0.0
    doublings_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """The plain sum of operators alone."""
        return sum(self.warm_ms.values())

    @property
    def interpolated(self) -> float:
        """The share of it that was interpolated."""
        return self.share(self.interpolated_ms)

    def share(self, part_ms: float) -> float:
        """Of the plain sum."""
        return part_ms / self.total_ms if self.total_ms else 0.0


def fit_correction(sums: Sequence[Sums], measured_ms: Sequence[float], known: Iterable[str] = ()) -> Correction:
    """The factors with which `sums` come nearest to what the same networks took. Raises `ValueError` without any.

    A code that is `known` but in none of the networks has a factor of 1: of it nothing but the time alone was measured.
    """
    if not sums:
        raise ValueError("no networks to fit a correction to")
    codes = [*_frequent(sums), OTHER]
    rows = [[*_by_factor(one, codes), one.colder_ms, float(one.operations)] for one in sums]
    towards = [*(1.0 for _ in codes), COLD_FACTOR, 0.0]
    call = -min(one.total_ms / one.operations for one in sums)  # a call of its own costs no more than all its time
    pull = [*(PULL for _ in codes), PULL, 0.0]
    found = fit(rows, measured_ms, [*(0.0 for _ in codes), 0.0, call], towards, pull)
    seen = {code for one in sums for code in one.warm_ms}
    alone = dict.fromkeys(sorted(set(known) - seen), ALONE)
    return Correction(dict(zip(codes, found, strict=False)) | alone, found[-2], found[-1], len(sums))


def _frequent(sums: Sequence[Sums]) -> list[str]:
    networks = Counter(
        kind for one in sums for kind, warm in one.warm_ms.items() if warm >= OWN_FACTOR_SHARE * one.total_ms
    )
    return sorted(kind for kind, count in networks.items() if count >= OWN_FACTOR_NETWORKS)


def _by_factor(sums: Sums, codes: Sequence[str]) -> list[float]:
    own = [sums.warm_ms.get(code, 0.0) for code in codes[:-1]]
    return [*own, sums.total_ms - sum(own)]
