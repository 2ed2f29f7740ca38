"""What became of a study, as plain values: the networks of its front and beside it, with everything known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archspec.experiment import Difference, Sample, difference
from archspec.export import Precision
from archspec.measures import Ratio, measure_named
from archspec.measures._correlation import BASELINES, RankCorrelation, rank_correlation
from archspec.network import Network
from archspec.search.pareto import Point, non_dominated
from archspec.search.progress import SearchResult
from archspec.search.study.study import Study

COSTS = ("predicted_latency_ms", "gflops", "params")


@dataclass(frozen=True)
class Finalist:
    """A network of the front (`trial` is its number), one beside it (None, or a prior's trial), or a random one
    (`drawn`).

    `values` are those of the search, `measured` what was taken afterwards; `ratio` is its latency in that of the base;
    `prior` is the name of the prior that it is.
    """

    name: str
    network: Network
    trial: int | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)
    measured: Mapping[str, Sample] = field(default_factory=dict)
    precision: Precision = "float32"
    drawn: bool = False
    ratio: Ratio | None = None
    prior: str = ""
    on_front: bool = True

    @property
    def hash(self) -> str:
        """Of the network, and of how it is quantised."""
        return self.network.variant_hash

    @property
    def beside(self) -> bool:
        """Whether it is no point of the front, but was named in the study."""
        return (self.trial is None or not self.on_front) and not self.drawn

    @property
    def found(self) -> str:
        """How it came here, in words."""
        if self.trial is None:
            return "random" if self.drawn else "beside"
        prior = f", prior{f' {self.prior}' if self.on_front else ''}" if self.prior else ""
        return f"trial {self.trial}{prior}"

    def is_called(self, name: str) -> bool:
        """Whether the study names it so, beside its front or as a prior."""
        return bool(name) and (self.prior == name or (self.trial is None and not self.drawn and self.name == name))

    def best(self, metric: str) -> float | None:
        """The value measured afterwards, else that of the search."""
        after = self.measured.get(metric)
        return after.mean if after is not None else self.values.get(metric)


@dataclass(frozen=True)
class StudyResult:
    """A study with its search, and the networks that were looked at afterwards: the front first, then those beside it,
    then the best of the random ones. `drawn` are all that were drawn at random, with the numbers of the search; `names`
    are of priors, by the key of their trials."""

    study: Study
    folder: Path
    result: SearchResult
    networks: tuple[Finalist, ...] = ()
    notes: tuple[str, ...] = ()
    drawn: tuple[Finalist, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def front(self) -> tuple[Finalist, ...]:
        """The networks of the front."""
        return tuple(one for one in self.networks if one.trial is not None and one.on_front)

    @property
    def random(self) -> tuple[Finalist, ...]:
        """The random networks that no other random one beat."""
        return tuple(one for one in self.networks if one.drawn)

    def difference(self, network: Finalist, metric: str) -> Difference | None:
        """What the network has more of a metric than the base, over the seeds of both; None of the base itself."""
        base = next((one for one in self.networks if one.is_called(self.study.front.base)), None)
        if base is None or base is network or metric not in network.measured or metric not in base.measured:
            return None
        return difference(network.measured[metric], base.measured[metric])

    @property
    def measured_objectives(self) -> tuple[str, ...]:
        """Metrics measured afterwards of every network of the front, in the study's order."""
        return tuple(
            metric
            for metric in self.study.front.metrics
            if self.networks and all(_has(one, metric) for one in self.front)
        )

    def still_on_front(self) -> dict[str, bool]:
        """Name -> whether no other network is better in everything measured afterwards, beside or not.

        Empty where fewer than two metrics were measured: nothing can be said then.
        """
        metrics = self.measured_objectives
        if len(metrics) < 2:
            return {}
        points = {one.name: point for one in self.networks if (point := _costs(one, metrics)) is not None}
        best = set(non_dominated(points.values()))
        return {name: point in best for name, point in points.items()}

    def searched(self, metric: str) -> list[tuple[int, float]]:
        """Trial number and value of a metric, of every candidate that has it."""
        found = ((trial.number, trial.values.get(metric)) for trial in self.result.trials)
        return [(number, value) for number, value in found if value is not None]


def _has(network: Finalist, metric: str) -> bool:
    after = network.measured.get(metric)
    return after is not None and after.mean is not None


def _costs(network: Finalist, metrics: Sequence[str]) -> Point | None:
    found = []
    for metric in metrics:
        value = network.best(metric)
        if value is None:
            return None
        found.append(value if measure_named(metric).less_is_better else -value)
    return tuple(found)


def spread_evenly(count: int, wanted: int | None) -> list[int]:
    """Which of `count` points in a row to take so that `wanted` are spread over them, both ends among them."""
    if wanted is None or wanted >= count:
        return list(range(count))
    if wanted == 1:
        return [count // 2]
    return sorted({round(index * (count - 1) / (wanted - 1)) for index in range(wanted)})


def agreements(outcome: StudyResult) -> list[RankCorrelation]:
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


def _over_networks(outcome: StudyResult, cheap: str, dear: str) -> RankCorrelation | None:
    """Over the front and the networks beside it."""
    return _known(cheap, dear, [{cheap: one.values.get(cheap), dear: one.best(dear)} for one in outcome.networks])


def _over_trials(outcome: StudyResult, cheap: str, dear: str) -> RankCorrelation | None:
    """Over everything that was evaluated; with fidelities, of what was fully trained: rungs are not compared."""
    trials = outcome.result.trials
    if outcome.study.fidelity is not None:
        trials = tuple(trial for trial in trials if trial.state == "done")
    return _known(cheap, dear, [trial.values for trial in trials])


def _known(cheap: str, dear: str, networks: Sequence[Mapping[str, float | None]]) -> RankCorrelation | None:
    found = rank_correlation(cheap, dear, networks)
    return found if found.count else None
