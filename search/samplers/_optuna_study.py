"""Optuna as proposer: a study in memory, fed with finished trials; the trial store remembers, not Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archspec.search.candidates import Decision, DecisionValue, Genome, exists, possible
from archspec.search.samplers import Task
from archspec.search.trials import Trial, costs

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
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
    """

    def __init__(
        self, task: Task, make: MakeSampler, tries: int = 2, replay: bool = False, rejects: bool = True
    ) -> None:
        import optuna

        self._task, self._make, self._replay, self._rejects = task, make, replay, rejects
        self.tries = tries
        self._asked: dict[int, tuple[OptunaTrial, Genome]] = {}
        self._told_done = self._told_rejects = 0
        directions = [objective.direction for objective in task.objectives]
        with quiet_optuna():
            self._study = optuna.create_study(directions=directions, sampler=make(task.seed))

    def propose(self, number: int, attempt: int) -> Genome:
        """What Optuna suggests; an earlier attempt at the same number is withdrawn."""
        self._withdraw(number)
        with quiet_optuna():
            trial = self._ask(number, attempt)
            genome = self._suggested(trial)
        self._asked[number] = (trial, genome)
        return genome

    def tell(self, trial: Trial) -> None:
        """Close the trial that was asked, or add another driver's."""
        asked = self._asked.get(trial.number)
        if asked is not None and asked[1] != trial.genome:
            self._withdraw(trial.number)  # something else was taken instead of what Optuna suggested
            asked = None
        if not self._worth_telling(trial):
            if self._replay and trial.number not in self._asked:
                self._notes(trial)  # asking leaves traces in the study, too (NSGA-III picks its parents then)
            self._withdraw(trial.number)
            return
        with quiet_optuna():
            if asked is not None:
                self._close(asked[0], trial)
            else:
                self._study.add_trial(self._frozen(trial, self._notes(trial) if self._replay else {}))
        self._asked.pop(trial.number, None)

    def _ask(self, number: int, attempt: int) -> OptunaTrial:
        self._study.sampler = self._make(self._task.generator(number, attempt).getrandbits(32))
        return self._study.ask()

    def _suggested(self, trial: OptunaTrial) -> Genome:
        genome: dict[str, DecisionValue] = {}
        for decision in self._task.space.decisions:
            if exists(decision, genome):
                genome[decision.name] = suggest(trial, decision)
        return genome

    def _withdraw(self, number: int) -> None:
        import optuna

        if number in self._asked:
            self._study.tell(self._asked.pop(number)[0], state=optuna.trial.TrialState.FAIL)

    def _worth_telling(self, trial: Trial) -> bool:
        if not self._fits(trial.genome):
            return False
        if trial.state == "done" and costs(self._task.objectives, trial.values) is not None:
            self._told_done += 1
            return True
        room = FIRST_REJECTS + REJECTS_PER_TRIAL * self._told_done
        if trial.state != "rejected" or not self._rejects or self._told_rejects >= room:
            return False
        self._told_rejects += 1
        return True

    def _fits(self, genome: Genome) -> bool:
        """Whether Optuna can be told of it: another version of a space may have had other options."""
        decisions = {decision.name: decision for decision in self._task.space.decisions}
        return all(name in decisions and possible(decisions[name], value) for name, value in genome.items())

    def _notes(self, trial: Trial) -> dict[str, Any]:
        """What Optuna notes on a trial when it is asked for one now: made by asking, and throwing that away."""
        import optuna

        with quiet_optuna():
            asked = self._ask(trial.number, 0)
            self._suggested(asked)
        return dict(self._study.tell(asked, state=optuna.trial.TrialState.FAIL).system_attrs)

    def _close(self, asked: OptunaTrial, trial: Trial) -> None:
        if self._task.limits or trial.state == "rejected":
            asked.set_constraint("limits", self._task.violation(trial))
        self._study.tell(asked, self._values(trial))

    def _frozen(self, trial: Trial, notes: dict[str, Any]) -> Any:
        import optuna

        params, distributions = self._coded(trial.genome)
        limited = self._task.limits or trial.state == "rejected"
        return optuna.trial.create_trial(
            values=self._values(trial), params=params, distributions=distributions, system_attrs=notes,
            constraints={"limits": self._task.violation(trial)} if limited else None,
        )  # fmt: skip

    def _values(self, trial: Trial) -> list[float]:
        """A rejected trial has no values, and Optuna wants some: it looks at the constraint first."""
        if trial.state == "rejected":
            return [0.0] * len(self._task.objectives)
        return [float(trial.values[objective.name] or 0.0) for objective in self._task.objectives]

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
