"""What a list of run times says, in plain Python: no device, no clock, no NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

NOISY_SPREAD = 0.10
"""A run whose interquartile range is more than this share of its median is flagged as noisy."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of n run times in ms. `std` and `variance` (ms²) are of the population, as benchmark_model's are."""

    count: int
    median: float
    mean: float
    std: float
    variance: float
    iqr: float
    p10: float
    p90: float
    p99: float
    min: float
    max: float

    @property
    def spread(self) -> float:
        """Interquartile range as a share of the median; 0 when the median is 0."""
        return self.iqr / self.median if self.median else 0.0

    @property
    def noisy(self) -> bool:
        """Whether the spread is above `NOISY_SPREAD`."""
        return self.spread > NOISY_SPREAD

    def to_json(self) -> dict[str, float]:
        """The statistics by name, in ms."""
        return asdict(self)


def summarise(samples_ms: Sequence[float]) -> Summary:
    """All statistics of at least one run time. Raises `ValueError` when there is none."""
    ordered = sorted(samples_ms)
    if not ordered:
        raise ValueError("no samples to summarise")
    mean = math.fsum(ordered) / len(ordered)
    variance = math.fsum((sample - mean) ** 2 for sample in ordered) / len(ordered)
    return Summary(
        count=len(ordered),
        median=_at(ordered, 50),
        mean=mean,
        std=math.sqrt(variance),
        variance=variance,
        iqr=_at(ordered, 75) - _at(ordered, 25),
        p10=_at(ordered, 10),
        p90=_at(ordered, 90),
        p99=_at(ordered, 99),
        min=ordered[0],
        max=ordered[-1],
    )


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of all lie, linear between neighbours (NumPy's default)."""
    if not values:
        raise ValueError("no values to take a percentile of")
    return _at(sorted(values), percent)


def round_ratios(samples: Sequence[float], reference: Sequence[float], runs_per_round: int) -> list[float]:
    """Each round's median over the reference's median in the same round: what drifts with the machine cancels."""
    starts = range(0, min(len(samples), len(reference)), runs_per_round)
    pairs = [(median(samples[at : at + runs_per_round]), median(reference[at : at + runs_per_round])) for at in starts]
    return [own / other for own, other in pairs if other > 0]


def _at(ordered: Sequence[float], percent: float) -> float:
    position = (len(ordered) - 1) * percent / 100
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
