"""How good predictions are: relative errors, rank correlation, and that among networks of equal FLOPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archspec.predictor.table import Accuracy

EQUAL = 0.15  # within this share of the same MACs networks count as equal
FEWEST = 5  # networks to rank


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """One network: its multiply-adds, its predicted latency and the share of it interpolated, its measured latency."""

    macs: int
    predicted_ms: float
    interpolated: float
    measured_ms: float

    @property
    def error(self) -> float:
        """(predicted - measured) / measured."""
        return self.predicted_ms / self.measured_ms - 1


def accuracy_of(results: Sequence[PredictionResult], time: str) -> Accuracy:
    """The accuracy of at least one prediction."""
    from statistics import median, quantiles  # takes 10 ms to import

    errors = [abs(one.error) for one in results]
    equal = equals(results)
    return Accuracy(
        networks=len(results),
        median_error=median(errors),
        p90_error=quantiles(errors, n=10, method="inclusive")[-1] if len(errors) > 1 else errors[0],
        spearman=spearman([one.predicted_ms for one in results], [one.measured_ms for one in results]),
        equal_networks=len(equal),
        equal_spearman=None
        if len(equal) < FEWEST
        else spearman([one.predicted_ms for one in equal], [one.measured_ms for one in equal]),
        interpolated=sum(one.interpolated for one in results) / len(results),
        time=time,
    )


def equals(results: Sequence[PredictionResult]) -> list[PredictionResult]:
    """The largest group within ± 15 % of one network's multiply-adds."""
    groups = [
        [other for other in results if abs(other.macs / one.macs - 1) <= EQUAL] for one in results if one.macs > 0
    ]
    return max(groups, key=len, default=[])


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of ranks, equal values sharing theirs; 0 where all values of one side are equal."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be ranked against {len(second)}")
    one, other = _ranks(first), _ranks(second)
    middle = (len(one) - 1) / 2
    spread = sum((rank - middle) ** 2 for rank in one) * sum((rank - middle) ** 2 for rank in other)
    if not spread:
        return 0.0
    both = sum((a - middle) * (b - middle) for a, b in zip(one, other, strict=True))
    return float(both / spread**0.5)


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for index in order[start:stop]:
            found[index] = (start + stop - 1) / 2
        start = stop
    return found
