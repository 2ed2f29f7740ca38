"""How well cheap numbers rank networks: rank correlations, each with the number of networks it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archspec.cost.latency.scoring import spearman
from archspec.evaluate.measures import measure_named
from archspec.search.study.outcome import StudyOutcome

FEWEST = 5  # fewer networks than that cannot be ranked
BASELINES = ("random_score", "params")
COSTS = ("predicted_latency_ms", "gflops", "params")


@dataclass(frozen=True, slots=True)
class Agreement:
    """`cheap` ranks `networks` as `dear` does, to the degree of Spearman's `correlation` (None: too few to say).

    Of both, better is better: 1 is the same order, 0 none, -1 the opposite.
    """

    cheap: str
    dear: str
    networks: int
    correlation: float | None


def agreements(outcome: StudyOutcome) -> list[Agreement]:
    """Every proxy against every full measurement, costs against measured latency, baselines against the accuracy
    of the search, where there is anything to compare."""
    study = outcome.study
    after = study.front.metrics
    full = [metric for metric in after if measure_named(metric).rung == "training"]
    proxies = [metric for metric in study.searched if _ranks_accuracy(metric)]
    pairs = [(proxy, metric) for metric in full for proxy in (*proxies, *BASELINES) if proxy != metric]
    pairs += [(cost, metric) for metric in after if metric == "latency_ms" for cost in COSTS]
    found = [_over_networks(outcome, cheap, dear) for cheap, dear in pairs]
    found += [_over_trials(outcome, cheap, dear) for dear in proxies for cheap in study.searched if cheap in BASELINES]
    return [one for one in found if one is not None]


def _ranks_accuracy(metric: str) -> bool:
    measure = measure_named(metric)
    return measure.rung in ("proxy", "training") and not measure.less_is_better and metric not in BASELINES


def _over_networks(outcome: StudyOutcome, cheap: str, dear: str) -> Agreement | None:
    """Over the front and the networks beside it."""
    pairs = []
    for network in outcome.networks:
        first, second = network.values.get(cheap), network.best(dear)
        if first is not None and second is not None:
            pairs.append((first, second))
    return _agreement(cheap, dear, pairs)


def _over_trials(outcome: StudyOutcome, cheap: str, dear: str) -> Agreement | None:
    """Over everything that was evaluated."""
    pairs = []
    for trial in outcome.result.trials:
        first, second = trial.values.get(cheap), trial.values.get(dear)
        if first is not None and second is not None:
            pairs.append((first, second))
    return _agreement(cheap, dear, pairs)


def _agreement(cheap: str, dear: str, pairs: Sequence[tuple[float, float]]) -> Agreement | None:
    if not pairs:
        return None
    if len(pairs) < FEWEST:
        return Agreement(cheap, dear, len(pairs), None)
    way = 1.0 if measure_named(cheap).less_is_better == measure_named(dear).less_is_better else -1.0
    first, second = zip(*pairs, strict=True)
    return Agreement(cheap, dear, len(pairs), way * spearman(first, second))
