"""From operators alone to whole networks: a few factors, least squares on relative errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archspec.predictor.least_squares import fit
from archspec.predictor.prediction import Sums
from archspec.predictor.table import OTHER, Correction

OWN_FACTOR_SHARE = 0.03  # of the time of the networks: rarer kinds of operator share one factor
PULL = 0.3  # towards operators that take in a network what they take alone
ALONE = 1.0  # of a code that no network has
COLD_FACTOR = 0.3  # where the pull goes: caches are found neither cold nor warm


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
    found = fit(rows, measured_ms, [*(0.0 for _ in codes), 0.0, call], towards, PULL)
    seen = {code for one in sums for code in one.warm_ms}
    alone = dict.fromkeys(sorted(set(known) - seen), ALONE)
    return Correction(dict(zip(codes, found, strict=False)) | alone, found[-2], found[-1], len(sums))


def _frequent(sums: Sequence[Sums]) -> list[str]:
    shares: dict[str, float] = {}
    for one in sums:
        for code, warm in one.warm_ms.items():
            shares[code] = shares.get(code, 0.0) + warm / one.total_ms / len(sums)
    return sorted(code for code, share in shares.items() if share >= OWN_FACTOR_SHARE)


def _by_factor(sums: Sums, codes: Sequence[str]) -> list[float]:
    own = [sums.warm_ms.get(code, 0.0) for code in codes[:-1]]
    return [*own, sums.total_ms - sum(own)]
