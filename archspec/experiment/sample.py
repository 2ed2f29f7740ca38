"""A number of a network, once for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev

from archspec.record import Record


@dataclass(frozen=True)
class Sample:
    """A measure of a network: its record by seed (one under `None` where it does not depend on a seed).

    `iqr` is the interquartile range of one record's runs; `fault` says why some are lacking.
    """

    records: Mapping[int | None, Record] = field(default_factory=dict)
    iqr: float = 0.0
    fault: str = ""

    @classmethod
    def of_values(
        cls, metric: str, values: Sequence[float], iqr: float = 0.0, fault: str = "",
        seeds: Sequence[int | None] | None = None,
    ) -> Sample:  # fmt: skip
        """Of values whose records are not at hand; several are numbered as seeds where these are not known."""
        if seeds is None:
            seeds = range(len(values)) if len(values) > 1 else (None,)
        return cls({seed: Record("", metric, value) for seed, value in zip(seeds, values, strict=False)}, iqr, fault)

    @property
    def by_seed(self) -> dict[int | None, float]:
        """The values that there are."""
        found = ((seed, record.value) for seed, record in self.records.items())
        return {seed: float(value) for seed, value in found if isinstance(value, int | float)}

    @property
    def values(self) -> tuple[float, ...]:
        """The values alone."""
        return tuple(self.by_seed.values())

    @property
    def mean(self) -> float | None:
        """Over the seeds; None where there is no value."""
        return mean(self.values) if self.values else None

    @property
    def std(self) -> float | None:
        """The sample standard deviation over seeds; None of fewer than two."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def spread(self) -> float:
        """The standard deviation over seeds, else the interquartile range of the runs; 0 where neither is known."""
        return self.iqr if self.std is None else self.std
