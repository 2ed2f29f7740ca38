"""The conclusion of a study: the front, the networks beside it and random ones, trained alike and timed in turns.

Every training starts from the spec's own weights, whatever the search began it with; every number is kept when it is
there, so that a conclusion that was stopped goes on where it was left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.experiment import Experiment, ExperimentResult
from archspec.ledger import Ledger
from archspec.measures import Settings, measure_named, ratio_between, screen
from archspec.network import Network
from archspec.search.pareto import pareto_front
from archspec.search.progress import SearchResult
from archspec.search.space import Space
from archspec.search.study.lineage import describe_inheritance
from archspec.search.study.preparation import Backbones
from archspec.search.study.prior_networks import prior_finalists
from archspec.search.study.progress import StudyProgress
from archspec.search.study.random_networks import draw, draws_wanted
from archspec.search.study.result import Finalist, StudyResult, spread_evenly
from archspec.search.study.study import Study
from archspec.search.trials import Trial

PROCEDURE = "default"  # of the latencies


@dataclass(frozen=True)
class Conclusion:
    """What is measured after the search of a study, and by what. `names` are of priors, by the key of their trials."""

    study: Study
    space: Space
    folder: Path
    settings: Settings
    ledger: Ledger
    ledger_url: str
    backbones: Backbones | None
    progress: StudyProgress
    names: Mapping[str, str]

    def of(self, found: SearchResult) -> StudyResult:
        """The study with the networks of its front, those beside it and random ones, measured."""
        study = self.study
        beside = self._searched_beside()
        drawn = self._searched_random(draws_wanted(study, found))
        random = [drawn[index] for index in _best(drawn, study)]
        finalists = [*found_of(study, found, self.names), *beside, *random]
        if finalists and study.front.metrics:
            finalists = self._measured(finalists)
        notes: tuple[str, ...] = (found.message,) if found.message else ()
        if study.inherit:
            notes += describe_inheritance(found.front, self.space)
        return StudyResult(study, self.folder, found, tuple(finalists), notes, tuple(drawn), self.names)

    def _searched_beside(self) -> list[Finalist]:
        """The networks beside it, with what every candidate was trained for too: so the two can be compared."""
        networks = beside_of(self.study, self.settings)
        return self._searched(networks, [metric for metric in self.study.searched if measure_named(metric).trains])

    def _searched_random(self, count: int) -> list[Finalist]:
        """Random networks with everything that a candidate of the search is asked for."""
        networks = draw(self.study, self.space, self.settings, count)
        if len(networks) < count:
            self.progress.message(f"only {len(networks)} of {count} random networks are within the limits")
        known = set(networks[0].values) if networks else set()
        return self._searched(networks, [metric for metric in self.study.searched if metric not in known])

    def _searched(self, networks: list[Finalist], metrics: Sequence[str]) -> list[Finalist]:
        """Networks with these metrics as the search takes them: by its recipes (those of the last rung), seed, once."""
        if not metrics or not networks:
            return networks
        fidelity, settings = self.study.fidelity, self.settings
        if fidelity is not None:
            settings = replace(settings, training_steps=fidelity.whole, training_decay=fidelity.decay)
        found = self._experiment(networks, metrics, settings, (self.study.seed,))
        return [
            replace(one, values={**one.values, **{name: found.samples[one.name, name].mean for name in metrics}})
            for one in networks
        ]

    def _measured(self, finalists: list[Finalist]) -> list[Finalist]:
        """The networks with the metrics of the front, with every seed, and their latency in that of the base."""
        front = self.study.front
        settings = replace(self.settings, recipes={**self.settings.recipes, **front.recipes})
        found = self._experiment(finalists, front.metrics, settings, front.seeds)
        named = next((one.name for one in finalists if one.is_called(front.base)), "")
        base = found.timed.get(named)
        ratios = {} if base is None else {
            name: ratio_between(one.records, base.records) for name, one in found.timed.items()
        }  # fmt: skip
        return [
            replace(one, measured={metric: found.samples[one.name, metric] for metric in front.metrics},
                    ratio=ratios.get(one.name))
            for one in finalists
        ]  # fmt: skip

    def _experiment(
        self, networks: Sequence[Finalist], metrics: Sequence[str], settings: Settings, seeds: tuple[int, ...]
    ) -> ExperimentResult:
        experiment = Experiment(
            tuple(networks), tuple(metrics), replace(settings, procedure=PROCEDURE), seeds, self.study.workers,
            self.study.engine, preparation=self.backbones, ledger_url=self.ledger_url,
        )  # fmt: skip
        return experiment.run(self.ledger, self.progress)


def found_of(study: Study, result: SearchResult, names: Mapping[str, str]) -> list[Finalist]:
    """The points of the front that are looked at, numbered from 1; then the priors that are not among them."""
    front = front_of(study, result, names)
    return [*front, *prior_finalists(study, names, result, front)]


def front_of(study: Study, result: SearchResult, names: Mapping[str, str]) -> list[Finalist]:
    """The points of the front that are looked at, numbered from 1."""
    found, precision = [], study.target.precision
    for number, index in enumerate(spread_evenly(len(result.front), study.front.points), 1):
        trial = result.front[index]
        network = Network.of_text(trial.spec, file=f"<trial {trial.number}>", catalog=study.space.catalog)
        if study.inherit:  # it begins as all others do, whatever it inherited when it was found
            network = Space.of(study.space).network(trial.genome)
        values, prior = dict(trial.values), names.get(trial.key, "")
        found.append(Finalist(f"{number}", network, trial.number, values, precision=precision, prior=prior))
    return found


def beside_of(study: Study, settings: Settings) -> list[Finalist]:
    """The networks beside it, with what costs nothing to know of them."""
    found = []
    for name, spec in study.beside.items():
        network = Network(spec)
        values = dict(screen(network, replace(settings, limits=())).values)
        found.append(Finalist(name, network, None, values, precision=study.target.precision))
    return found


def _best(drawn: Sequence[Finalist], study: Study) -> list[int]:
    """Which of the random networks are on their own front, as the study's objectives and limits have it."""
    trials = [
        Trial(number, one.name, {}, "done", one.values)
        for number, one in enumerate(drawn)
        if not any(limit.broken_by(one.values.get(limit.metric)) for limit in study.limits)
    ]
    best = pareto_front(trials, study.objectives)
    return [best[index].number for index in spread_evenly(len(best), study.front.points)]
