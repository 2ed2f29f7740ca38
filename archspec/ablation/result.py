"""What an ablation found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, stdev

from archspec.ablation.ablation import Ablation
from archspec.measures import Ratio
from archspec.record import Plain, Record


@dataclass(frozen=True)
class Reading:
    """A metric of a row: its record by seed (one under `None` where it does not depend on a seed), and why some lack.

    `spread` is of one record: the interquartile range of its samples.
    """

    records: Mapping[int | None, Record] = field(default_factory=dict)
    spread: float = 0.0
    fault: str = ""

    @property
    def by_seed(self) -> dict[int | None, float]:
        """The values that there are."""
        found = ((seed, record.value) for seed, record in self.records.items())
        return {seed: float(value) for seed, value in found if isinstance(value, int | float)}

    @property
    def mean(self) -> float | None:
        """Over the seeds; None where there is no value."""
        values = list(self.by_seed.values())
        return mean(values) if values else None

    @property
    def std(self) -> float | None:
        """The sample standard deviation over seeds; None of fewer than two."""
        values = list(self.by_seed.values())
        return stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class AblationResult:
    """`readings` by row and metric; `ratios` are latencies to the base row's, paired round by round.

    `hashes` are the rows' networks; `equivalents` are rows that are the same network as an earlier one.
    """

    ablation: Ablation
    readings: Mapping[tuple[str, str], Reading]
    hashes: Mapping[str, str]
    equivalents: Mapping[str, str]
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    measured: int = 0

    def reading(self, row: str, metric: str) -> Reading:
        """Of a row; an empty one where nothing was asked or had."""
        return self.readings.get((row, metric), Reading())

    def conditions(self, metric: str) -> dict[str, Plain]:
        """The conditions that all records of a metric share."""
        records = [record for (_, of), one in self.readings.items() if of == metric for record in one.records.values()]
        if not records:
            return {}
        first, *others = (dict(record.conditions) for record in records)
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
