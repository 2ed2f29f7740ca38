"""One network's numbers against another's: the difference over the seeds that both have, and whether it is noise."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, stdev

from archspec.experiment.sample import Sample
from archspec.measures import Ratio

LEVEL = 0.05
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """Row less base, over `pairs` seeds that both have; `partial` where one of them has further seeds.

    `p` and `within_noise` are None where nothing can be said; `corrected_p` is p after a correction over the rows.
    `tested` is whether the difference was held against noise at all; None of a number that has none.
    """

    delta: float | None = None
    pairs: int = 0
    p: float | None = None
    within_noise: bool | None = None
    tested: bool | None = None
    partial: bool = False
    corrected_p: float | None = None


def difference(row: Sample, base: Sample, ratio: Ratio | None = None) -> Difference:
    """Of means over the seeds that both have, with Student's t-test of paired differences; `ratio` is a latency's."""
    if not row.by_seed or not base.by_seed:
        return Difference()
    seeds = [seed for seed in row.by_seed if seed in base.by_seed]
    partial = len(seeds) < max(len(row.by_seed), len(base.by_seed))
    if not seeds:
        return Difference(partial=partial)
    paired = [row.by_seed[seed] - base.by_seed[seed] for seed in seeds]
    delta = fmean(paired)
    if seeds == [None]:
        noise = None if ratio is None else ratio.within_noise
        return Difference(delta, 1, None, noise, ratio is not None)
    if len(seeds) < FEWEST:
        return Difference(delta, len(seeds), tested=False, partial=partial)
    p = paired_p(paired)
    return Difference(delta, len(seeds), p, p > LEVEL, True, partial)


def paired_p(differences: list[float]) -> float:
    """Two-sided p of differences with a mean of 0; 1 where all are 0, 0 where all are one other number."""
    if stdev(differences) == 0:
        return 1.0 if differences[0] == 0 else 0.0
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(differences, 0.0).pvalue)
