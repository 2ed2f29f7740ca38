"""Laws of growth: what an operator takes that was never measured, from those of its family that were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from math import inf, log2
from statistics import median
from typing import NamedTuple

from archspec.predictor.least_squares import fit
from archspec.predictor.signature import SPILLS, Family, Features, Signature, family, features, touched_numbers
from archspec.predictor.table import DOUBLING_ERROR, LatencyTable, OperatorTime

ENOUGH_ENTRIES = 4  # of a family, to interpolate within it; else within all operators of the kind
LEAST_COLDER = 0.02  # of the warm time: a target of least squares on relative errors must be positive
MOST_ENTRIES = 200  # that a law is fitted to
MOST_SPILL = 4.0  # times the usual cost of a number
JUDGED_ENTRIES = 16  # of a family, to judge how its law goes on beyond them
JUDGED_SHARES = (1 / 4, 1 / 16)  # of the longest time of a family: what the law is fitted to, then asked beyond
Row = tuple[Features, OperatorTime]


class Law(NamedTuple):
    """`(index of a feature, factor)` for the warm time, and for how much longer the cold time is; the most that this
    was of the warm time, and the longest warm time."""

    warm: list[tuple[int, float]]
    colder: list[tuple[int, float]]
    coldest: float
    longest_ms: float

    def time(self, sizes: Features) -> OperatorTime:
        """Of an operator of these sizes: a sum with factors ≥ 0, so that no time falls when a size grows."""
        warm, colder = (sum([sizes[index] * factor for index, factor in terms]) for terms in (self.warm, self.colder))
        return OperatorTime(warm + min(colder, self.coldest * warm), warm)


class Known(NamedTuple):
    """An operator's kind, its time alone, whether that was measured, and how many times its time doubles beyond the
    longest that its law was fitted to."""

    kind: str
    time: OperatorTime
    is_measured: bool
    doublings: float = 0.0


class Laws:
    """The laws of one table, each fitted when it is first asked for."""

    def __init__(self, table: LatencyTable) -> None:
        self._table = table
        self._laws: dict[Family, Law | None] = {}

    def fit_all(self) -> None:
        """Now (a tenth of a second), so that no prediction has to wait for them. Those of whole kinds are for families
        that the table lacks, and are not fitted yet."""
        for group in self._rows:
            if len(group) > 1:
                self._law(group)

    def knows(self, one: str) -> bool:
        """Whether the table has any entry of a kind."""
        return (one,) in self._rows

    def interpolated(self, signature: Signature) -> Known | None:
        """An operator by the law of its family; None where the table has none of its kind."""
        own = family(signature)
        law, doublings = self._law(own), 0.0
        if law is None:
            law, doublings = self._law(own[:1]), 1.0  # a law of other families counts as one doubling beyond them
        if law is None:
            return None
        time = law.time(features(signature))
        if time.warm_ms > law.longest_ms:
            doublings += log2(time.warm_ms / law.longest_ms)
        return Known(own[0], time, False, doublings)

    def doubling_error(self) -> float:
        """How wrong a law is for each doubling beyond what it was fitted to: the median over entries of families whose
        law is fitted to the shorter ones alone, and asked for those that take more than twice as long."""
        found = []
        for group, rows in self._rows.items():
            if len(group) > 1 and len(rows) >= JUDGED_ENTRIES:
                for share in JUDGED_SHARES:
                    found += _errors_beyond(rows, share)
        return median(found) if found else DOUBLING_ERROR

    def _law(self, group: Family) -> Law | None:
        """The law of a family; None where the table has too few entries of it."""
        if group not in self._laws:
            rows = self._rows.get(group, [])
            enough = ENOUGH_ENTRIES if len(group) > 1 else 1
            self._laws[group] = _fitted(rows) if len(rows) >= enough else None
        return self._laws[group]

    @cached_property
    def _rows(self) -> dict[Family, list[Row]]:
        """The entries by family, and by kind alone."""
        found: dict[Family, list[Row]] = defaultdict(list)
        for signature, time in self._table.entries.items():
            row = features(signature), time
            own = family(signature)
            found[own].append(row)
            found[own[:1]].append(row)
        return found


def _fitted(rows: Sequence[Row]) -> Law:
    longest_ms = max(time.warm_ms for _, time in rows)
    if len(rows) > MOST_ENTRIES:  # as many as tell a dozen factors; by time, so that short and long ones are among them
        ordered = sorted(rows, key=lambda row: row[1].warm_ms)
        rows = [ordered[number * (len(rows) - 1) // (MOST_ENTRIES - 1)] for number in range(MOST_ENTRIES)]
    sizes = [row for row, _ in rows]
    warm = [time.warm_ms for _, time in rows]
    colder = [max(time.cold_ms - time.warm_ms, LEAST_COLDER * time.warm_ms) for _, time in rows]
    coldest = max(more / time for more, time in zip(colder, warm, strict=True))
    of_warm, of_colder = (_terms(fit(sizes, times, highest=_highest(sizes, times))) for times in (warm, colder))
    return Law(of_warm, of_colder, coldest, longest_ms)


def _highest(sizes: Sequence[Features], times: Sequence[float]) -> list[float]:
    """Of each factor: what lies beyond a cache costs at most so many times as much as the largest operator a number.
    Without that, one entry that is hardly beyond it would say anything of larger ones."""
    touched, time = max((touched_numbers(one), time) for one, time in zip(sizes, times, strict=True))
    return [inf] * (len(sizes[0]) - len(SPILLS)) + [MOST_SPILL * time / touched] * len(SPILLS)


def _terms(factors: list[float]) -> list[tuple[int, float]]:
    return [(index, factor) for index, factor in enumerate(factors) if factor]


def _errors_beyond(rows: Sequence[Row], share: float) -> list[float]:
    """Relative errors a doubling, of entries that take more than twice the longest of those that the law knows."""
    bound = share * max(time.warm_ms for _, time in rows)
    shorter = [row for row in rows if row[1].warm_ms <= bound]
    if len(shorter) < JUDGED_ENTRIES // 2:
        return []
    law = _fitted(shorter)
    beyond = [row for row in rows if row[1].warm_ms > 2 * law.longest_ms]
    return [
        abs(law.time(sizes).warm_ms / time.warm_ms - 1) / log2(time.warm_ms / law.longest_ms) for sizes, time in beyond
    ]
