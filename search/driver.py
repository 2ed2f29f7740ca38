"""The search: proposes candidates, screens them, hands them to workers, and writes down what became of each."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from archspec.experiment.engines import Engine, Evaluator, start_engine
from archspec.measures import Evaluation, Settings
from archspec.record import Record, interruption
from archspec.search.candidates import Candidate, SearchSpace
from archspec.search.fidelity import Fidelity
from archspec.search.priors import NO_PRIORS, Priors
from archspec.search.progress import SearchProgress, SearchResult, Silent
from archspec.search.proposals import PATIENCE, as_it_is
from archspec.search.session import FAILURES_IN_A_ROW, Session
from archspec.search.store import TrialStore
from archspec.search.trials import Objective, Trial

__all__ = ["FAILURES_IN_A_ROW", "Search"]


@dataclass
class Search:
    """A search over `space` for the Pareto front of `objectives`, kept in `store` under the name `study`.

    `screen` judges a candidate in this process, in milliseconds; what it rejects costs no budget. `evaluator` measures
    in `workers` processes (0: in this one) of an `engine`. `budget` is the number of unique feasible evaluations of the
    whole study. `keep` is handed the records of an evaluation before its trial is closed. Running
    it again goes on where it was left; with at most one worker exactly as if it had never stopped.

    Of the ways to write a function the one that `cheapest` finds is evaluated; a cheaper way to write a known function
    takes its place; `carries` says whose numbers are the function's own. `priors` are the first trials.
    `inherited_text` writes the spec of a new candidate that may begin with weights of one of the trials so far.

    With a `fidelity` a candidate is evaluated rung by rung (`promotions`): `budget` is then how many are begun,
    `most_steps` how many training steps all of them may cost, and limits on metrics that are `trained` hold at the last
    rung only.
    """

    space: SearchSpace
    screen: Callable[[Candidate], Evaluation]
    evaluator: Evaluator
    settings: Settings
    objectives: tuple[Objective, ...]
    store: TrialStore
    study: str
    budget: int
    sampler: str = "tpe"
    sampler_options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    workers: int = 1
    definition: str = ""
    progress: SearchProgress = field(default_factory=Silent)
    keep: Callable[[tuple[Record, ...]], object] | None = None
    spec_text: Callable[[Candidate], str] = lambda candidate: candidate.network.text
    inherited_text: Callable[[Candidate, Iterable[Trial]], str] | None = None
    time_limit_s: float | None = None
    patience: int = PATIENCE
    carries: Callable[[str], bool] = lambda metric: True
    priors: Priors = NO_PRIORS
    cheapest: Callable[[Candidate], Candidate] = as_it_is
    fidelity: Fidelity | None = None
    most_steps: int | None = None
    trained: Callable[[str], bool] = lambda metric: False
    engine: Callable[[int, Evaluator], Engine] = start_engine

    def run(self) -> SearchResult:
        """Search until the budget is spent or nothing is left to try.

        Raises `UserError` for what the user can mend and when evaluation after evaluation fails; `KeyboardInterrupt`
        once its workers are stopped and what they were at is given back (SIGTERM counts as that, too).
        """
        study = self.store.create_study(self.study, self.definition, self.seed)
        engine = self.engine(self.workers, self.evaluator)
        with interruption(signal.SIGINT, signal.SIGTERM) as wanted:
            running = Session(self, study, engine, wanted)
            try:
                result = running.result(running.until_stopped())
            finally:
                running.give_back()
        self.progress.ended(result)
        return result

    def settings_at(self, rung: int) -> Settings:
        """What a rung is evaluated under: its training steps; limits on what is trained only at the last one."""
        fidelity, settings = self.fidelity, self.settings
        if fidelity is None:
            return settings
        limits = settings.limits
        if rung < fidelity.last:
            limits = tuple(limit for limit in limits if not self.trained(limit.metric))
        steps = fidelity.steps[rung]
        return replace(settings, limits=limits, training_steps=steps, training_decay=fidelity.decay)
