"""A row against the base row: the difference, and whether it is more than noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from archspec.experiment import Sample
from archspec.measures import Ratio, measure_named

if TYPE_CHECKING:
    from archspec.ablation.run import AblationResult

LEVEL = 0.05
FEWEST = 3
NONE, HOLM = "none", "holm"
CORRECTIONS = (NONE, HOLM)
OF_ROUNDS = ("latency_ms", "latency_mean_ms", "fps", "latency_ratio")  # compared round by round
NOISE, UNTESTED = "≈", "†"
SEEDS_RULE = f"{NOISE} within noise: a paired t-test over the same seeds (at least {FEWEST}) has p > {LEVEL}"
ROUNDS_RULE = f"{NOISE} within noise: the middle half of the latency's ratios to the base, round by round, has 1 in it"
SHARED_RULE = "(n = …) behind Δ: over the n seeds that both rows have; a mean ± std is over all seeds of its row"
FEW_RULE = f"{UNTESTED} not tested, may be noise: fewer than {FEWEST} seeds that both rows have"


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


def differences(result: AblationResult, metric: str) -> dict[str, Difference]:
    """Of each row but the base, by its name; p corrected over these rows as the ablation says."""
    base = result.sample(result.ablation.base, metric)
    exact = measure_named(metric).exact
    found = {}
    for row in result.ablation.rows:
        if row.name != result.ablation.base:
            ratio = result.ratios.get(row.name) if metric in OF_ROUNDS else None
            one = difference(result.sample(row.name, metric), base, ratio)
            found[row.name] = replace(one, tested=None) if exact else one
    return corrected(found) if result.ablation.correct == HOLM else found


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


def corrected(found: Mapping[str, Difference]) -> dict[str, Difference]:
    """By Holm's method over all that have a p: what is within noise is so by the corrected p."""
    tested = {row: one.p for row, one in found.items() if one.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {
        row: replace(one, corrected_p=adjusted[row], within_noise=adjusted[row] > LEVEL) if row in adjusted else one
        for row, one in found.items()
    }


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down: the smallest of m times m, the next times m - 1; none below one before it, none above 1."""
    found, least = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[index]))
        found[index] = least
    return found


def rules(compared: Mapping[str, Mapping[str, Difference]], correct: str) -> Iterator[str]:
    """What the marks beside Δ mean, of those that a table has; `compared` by metric, then row."""
    every = [one for of in compared.values() for one in of.values()]
    if any(one.within_noise for one in every if one.p is not None):
        yield SEEDS_RULE
    if correct == HOLM:
        tests = {metric: sum(one.p is not None for one in of.values()) for metric, of in compared.items()}
        counted = ", ".join(f"{count} rows of {metric}" for metric, count in tests.items() if count)
        yield f"p is corrected by Holm's method over the rows of a metric: {counted or 'none was tested'}"
    if any(one.within_noise for one in every if one.p is None):
        yield ROUNDS_RULE
    if any(one.partial for one in every):
        yield SHARED_RULE
    untested = {metric: [one for one in of.values() if one.tested is False] for metric, of in compared.items()}
    without = [metric for metric, some in untested.items() if some and measure_named(metric).rung == "host"]
    if any(some for metric, some in untested.items() if metric not in without):
        yield FEW_RULE
    if without:
        yield f"{UNTESTED} not tested, may be noise: {', '.join(without)}"
