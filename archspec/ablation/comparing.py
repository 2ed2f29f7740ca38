"""A row against the base row: the difference, and whether it is more than noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev

from archspec.ablation.result import Ratio, Reading

LEVEL = 0.05
FEWEST = 3
SEEDS_RULE = f"≈ within noise: a paired t-test over the same seeds (at least {FEWEST}) has p > {LEVEL}"
ROUNDS_RULE = "≈ within noise: the middle half of the latency's ratios to the base, round by round, has 1 in it"


@dataclass(frozen=True, slots=True)
class Difference:
    """Row less base. `p` and `within_noise` are None where nothing can be said: no seeds, or fewer than three."""

    delta: float | None = None
    pairs: int = 0
    p: float | None = None
    within_noise: bool | None = None


def difference(row: Reading, base: Reading, ratio: Ratio | None = None) -> Difference:
    """Of means over the seeds that both have, with Student's t-test of paired differences; `ratio` is a latency's."""
    seeds = [seed for seed in row.by_seed if seed in base.by_seed]
    if not seeds:
        return Difference()
    differences = [row.by_seed[seed] - base.by_seed[seed] for seed in seeds]
    delta = fmean(differences)
    if seeds == [None]:
        return Difference(delta, 1, None, None if ratio is None else ratio.within_noise)
    if len(seeds) < FEWEST:
        return Difference(delta, len(seeds))
    p = paired_p(differences)
    return Difference(delta, len(seeds), p, p > LEVEL)


def paired_p(differences: list[float]) -> float:
    """Two-sided p of differences with a mean of 0; 1 where all are 0, 0 where all are one other number."""
    spread, mean = stdev(differences), fmean(differences)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.stats import t

    statistic = mean / (spread / math.sqrt(len(differences)))
    return float(2 * t.sf(abs(statistic), len(differences) - 1))
