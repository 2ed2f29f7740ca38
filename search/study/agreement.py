"""How well cheap numbers rank networks: rank correlations, each with the number of networks it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archspec.measures import measure_named
from archspec.measures._correlation import BASELINES, RankCorrelation, rank_correlation
from archspec.search.study.outcome import StudyOutcome

COSTS = ("predicted_latency_ms", "gflops", "params")


def agreements(outcome: StudyOutcome) -> list[RankCorrelation]:
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


def _over_networks(outcome: StudyOutcome, cheap: str, dear: str) -> RankCorrelation | None:
    """Over the front and the networks beside it."""
    return _known(cheap, dear, [{cheap: one.values.get(cheap), dear: one.best(dear)} for one in outcome.networks])


def _over_trials(outcome: StudyOutcome, cheap: str, dear: str) -> RankCorrelation | None:
    """Over everything that was evaluated."""
    return _known(cheap, dear, [trial.values for trial in outcome.result.trials])


def _known(cheap: str, dear: str, networks: Sequence[Mapping[str, float | None]]) -> RankCorrelation | None:
    found = rank_correlation(cheap, dear, networks)
    return found if found.count else None
