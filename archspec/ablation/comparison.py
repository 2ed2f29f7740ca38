"""Rows against the base row: which differences are more than noise, corrected over the rows, and what marks mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from archspec.experiment import FEWEST, LEVEL, Difference, difference
from archspec.measures import measure_named

if TYPE_CHECKING:
    from archspec.ablation.run import AblationResult

NONE, HOLM = "none", "holm"
CORRECTIONS = (NONE, HOLM)
OF_ROUNDS = ("latency_ms", "latency_mean_ms", "fps", "latency_ratio")  # compared round by round
NOISE, UNTESTED = "≈", "†"
SEEDS_RULE = f"{NOISE} within noise: a paired t-test over the same seeds (at least {FEWEST}) has p > {LEVEL}"
ROUNDS_RULE = f"{NOISE} within noise: the middle half of the latency's ratios to the base, round by round, has 1 in it"
SHARED_RULE = "(n = …) behind Δ: over the n seeds that both rows have; a mean ± std is over all seeds of its row"
FEW_RULE = f"{UNTESTED} not tested, may be noise: fewer than {FEWEST} seeds that both rows have"


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
