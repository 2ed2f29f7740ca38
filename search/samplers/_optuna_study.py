"""Optuna as proposer: a study in memory, fed with finished trials; the trial store remembers, not Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archspec.search.candidates import Decision, DecisionValue, Genome, exists, possible
from archspec.search.samplers import Task
from archspec.search.samplers._rungs import costs_by_rung
from archspec.search.trials import FINISHED, Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.study import Study as OptunaStudy
    from optuna.trial import Trial as OptunaTrial


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """No log below an error and no warning (experimental options, dynamic spaces) while in this context."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


MakeSampler = Callable[[int], "BaseSampler"]
"""Optuna's sampler from a seed: made anew for every proposal, so that its randomness is that proposal's."""
REJECTS_PER_TRIAL, FIRST_REJECTS = 2, 100


class OptunaSampler:
    """A sampler of Optuna behind our `Sampler`. `replay`: it keeps notes on its trials (generations), made on asking.

    `rejects`: whether it is told of what was rejected, as infeasible; the first hundred and two per evaluated one, for
    a model of thousands of rejects takes seconds a proposal.

    With a fidelity each rung has a study of its own, for numbers of different rungs are of different scales, and it is
    asked at the highest rung that `enough` candidates have finished (BOHB, arXiv:1807.01774, section 3.2).
    """

    def __init__(
        self, task: Task, make: MakeSampler, tries: int = 2, replay: bool = False, rejects: bool = True,
        enough: int = 10,
    ) -> None:  # fmt: skip
        import optuna

        self._task, self._make, self._replay, self._rejects = task, make, replay, rejects
        self.tries, self._enough = tries, max(1, enough)
        self._asked: dict[int, tuple[OptunaStudy, OptunaTrial, Genome]] = {}
        self._told_rejects = 0
        directions = [objective.direction for objective in task.objectives]
        rungs = 1 if task.fidelity is None else len(task.fidelity.steps)
        with quiet_optuna():
            self._studies = [optuna.create_study(directions=directions, sampler=make(task.seed)) for _ in range(rungs)]
        self._told: list[set[int]] = [set() for _ in range(rungs)]  # numbers of what has finished each rung

    def propose(self, number: int, attempt: int) -> Genome:
        """What Optuna suggests; an earlier attempt at the same number is withdrawn."""
        self._withdraw(number)
        study = self._studies[self._modelled]
        with quiet_optuna():
            trial = self._ask(study, number, attempt)
            genome = self._suggested(trial)
        self._asked[number] = (study, trial, genome)
        return genome

    @property
    def _modelled(self) -> int:
        """The highest rung that enough candidates have finished."""
        return max((rung for rung, told in enumerate(self._told) if len(told) >= self._enough), default=0)

    def tell(self, trial: Trial) -> None:
        """Close the trial that was asked, or add one of a session before."""
        asked = self._asked.get(trial.number)
        if asked is not None and (asked[2] != trial.genome or self._task.fidelity is not None):
            self._withdraw(trial.number)  # something else was taken, or rungs are told, each to a study of its own
            asked = None
        told = self._worth_telling(trial)
        if not told:
            if self._replay and trial.number not in self._asked and trial.state in FINISHED:
                self._notes(self._studies[0], trial)  # asking leaves traces, too (NSGA-III picks its parents then)
            self._withdraw(trial.number)
            return
        with quiet_optuna():
            if asked is not None:
                self._close(asked[1], trial, told[0][1])
            else:
                for rung, values in told:
                    study = self._studies[rung]
                    study.add_trial(self._frozen(trial, values, self._notes(study, trial) if self._replay else {}))
        self._asked.pop(trial.number, None)

    def _ask(self, study: OptunaStudy, number: int, attempt: int) -> OptunaTrial:
        study.sampler = self._make(self._task.generator(number, attempt).getrandbits(32))
        return study.ask()

    def _suggested(self, trial: OptunaTrial) -> Genome:
        genome: dict[str, DecisionValue] = {}
        for decision in self._task.space.decisions:
            if exists(decision, genome):
                genome[decision.name] = suggest(trial, decision)
        return genome

    def _withdraw(self, number: int) -> None:
        import optuna

        if number in self._asked:
            study, trial, _ = self._asked.pop(number)
            study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _worth_telling(self, trial: Trial) -> list[tuple[int, list[float]]]:
        """The rungs that Optuna is told of now, with their values; a rejected trial has none, and Optuna wants some."""
        if not self._fits(trial.genome):
            return []
        if trial.state == "rejected":
            room = FIRST_REJECTS + REJECTS_PER_TRIAL * len(self._told[0])
            if not self._rejects or self._told_rejects >= room:
                return []
            self._told_rejects += 1
            return [(rung, [0.0] * len(self._task.objectives)) for rung in range(len(self._studies))]
        if trial.state not in ("done", "paused"):
            return []
        found = []
        for rung, point in enumerate(costs_by_rung(self._task.objectives, trial)[: len(self._studies)]):
            if trial.number not in self._told[rung]:
                self._told[rung].add(trial.number)
                values = zip(self._task.objectives, point, strict=True)
                found.append((rung, [objective.sign * cost for objective, cost in values]))
        return found

    def _fits(self, genome: Genome) -> bool:
        """Whether Optuna can be told of it: another version of a space may have had other options."""
        decisions = {decision.name: decision for decision in self._task.space.decisions}
        return all(name in decisions and possible(decisions[name], value) for name, value in genome.items())

    def _notes(self, study: OptunaStudy, trial: Trial) -> dict[str, Any]:
        """What Optuna notes on a trial when it is asked for one now: made by asking, and throwing that away."""
        import optuna

        with quiet_optuna():
            asked = self._ask(study, trial.number, 0)
            self._suggested(asked)
        return dict(study.tell(asked, state=optuna.trial.TrialState.FAIL).system_attrs)

    def _close(self, asked: OptunaTrial, trial: Trial, values: list[float]) -> None:
        if self._task.limits or trial.state == "rejected":
            asked.set_constraint("limits", self._task.violation(trial))
        self._studies[0].tell(asked, values)

    def _frozen(self, trial: Trial, values: list[float], notes: dict[str, Any]) -> Any:
        import optuna

        params, distributions = self._coded(trial.genome)
        limited = self._task.limits or trial.state == "rejected"
        return optuna.trial.create_trial(
            values=values, params=params, distributions=distributions, system_attrs=notes,
            constraints={"limits": self._task.violation(trial)} if limited else None,
        )  # fmt: skip

    def _coded(self, genome: Genome) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        found = [decision for decision in self._task.space.decisions if decision.name in genome]
        params = {decision.name: coded(decision, genome[decision.name]) for decision in found}
        return params, {decision.name: distribution(decision) for decision in found}


def distribution(decision: Decision) -> BaseDistribution:
    """Ordered options are their index: Optuna then knows what lies beside what."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not decision.options:
        return FloatDistribution(decision.low, decision.high, log=decision.log)
    if decision.ordered:
        return IntDistribution(0, len(decision.options) - 1)
    return CategoricalDistribution(decision.options)


def coded(decision: Decision, value: DecisionValue) -> Any:
    """A value as `distribution` has it."""
    return decision.options.index(value) if decision.options and decision.ordered else value


def suggest(trial: OptunaTrial, decision: Decision) -> DecisionValue:
    """Ask Optuna for one value; the distribution is that of `distribution`."""
    if not decision.options:
        return trial.suggest_float(decision.name, decision.low, decision.high, log=decision.log)
    if decision.ordered:
        return decision.options[trial.suggest_int(decision.name, 0, len(decision.options) - 1)]
    index = decision.options.index(trial.suggest_categorical(decision.name, decision.options))
    return decision.options[index]


def with_seed(make: Callable[..., BaseSampler], options: Mapping[str, Any]) -> MakeSampler:
    """A sampler class with its options, waiting for a seed."""
    return lambda seed: make(seed=seed, **options)
