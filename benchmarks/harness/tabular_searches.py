"""Searches over a table of learning curves: how much of its true front each finds for how many training steps.

A search sees the scores of one seed. What it found is the front of the networks that it trained to the last rung, by
these scores; it is judged by the mean of all seeds, as the share of the hypervolume of the table's own front.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.experiment.engines import Evaluator
from archspec.measures import Evaluation, Settings
from archspec.search.candidates import Decision, Genome, exists
from archspec.search.driver import Search
from archspec.search.fidelity import Fidelity
from archspec.search.pareto import Point, hypervolume, non_dominated, reference_point
from archspec.search.space import Space
from archspec.search.store import open_store
from archspec.search.trials import Objective
from harness.curve_table import CurveRow, CurveTable
from harness.row_space import RowEvaluator, RowSpace
from harness.simulated_places import SimulatedPlaces

BUDGETS = (5, 10, 20, 40, 60)  # full trainings' worth of steps
MOST_OPTUNA_TRIALS = 300  # it comes back to known networks more and more
Event = tuple[str, int, int]
"""What was trained: hash, rung, and the steps that this cost."""


@dataclass(frozen=True)
class Contender:
    """A way to search. `library` is ours, or Optuna as it comes; `rungs` trains at every rung, else in full."""

    name: str
    sampler: str
    library: str = "ours"
    rungs: bool = False
    priors: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contest:
    """The part of a table that is searched, and what was known of it before by name."""

    rows: tuple[CurveRow, ...]
    fidelity: Fidelity
    seeds: tuple[int, ...]
    cost: str
    whole_space: Space
    known: tuple[Genome, ...] = ()
    places: int = 1  # evaluations at once, of ours

    @cached_property
    def space(self) -> RowSpace:
        """Its networks."""
        return RowSpace(self.rows, self.whole_space)

    @cached_property
    def by_hash(self) -> dict[str, CurveRow]:
        """The rows."""
        return {row.hash: row for row in self.rows}

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Accuracy and cost."""
        return Objective("miou", "maximize"), Objective(self.cost)

    @cached_property
    def priors(self) -> Any:
        """The rows that are nearest to what was known."""
        from archspec.search.priors import Prior, Priors

        nearest = {self.space.row(genome).hash: self.space.row(genome) for genome in self.known}
        return Priors(tuple(Prior(name, self.space.candidate(row.genome)) for name, row in nearest.items()))

    def judged(self, row: CurveRow) -> Point:
        """What a network is worth: the mean of all seeds at the last rung, and its cost."""
        return -row.judged(self.fidelity.last), self._cost(row)

    def share(self, found: Iterable[str], seed: int) -> float:
        """Of the true front's hypervolume, that of the front of what was found, as the search saw it."""
        seen: dict[Point, CurveRow] = {}
        for row in map(self.by_hash.__getitem__, found):
            seen.setdefault((-row.scores[self.fidelity.last, seed], self._cost(row)), row)
        front = [self.judged(seen[point]) for point in non_dominated(seen)]
        return hypervolume(front, self.reference) / self.whole

    @cached_property
    def reference(self) -> Point:
        """Fixed by the rows: the worst of each and a tenth of its range."""
        return reference_point([self.judged(row) for row in self.rows])

    @cached_property
    def whole(self) -> float:
        """The hypervolume of the true front."""
        return hypervolume([self.judged(row) for row in self.rows], self.reference)

    @cached_property
    def front(self) -> list[Point]:
        """The true front, in costs."""
        return non_dominated([self.judged(row) for row in self.rows])

    def _cost(self, row: CurveRow) -> float:
        cost = row.costs[self.cost]
        assert cost is not None  # noqa: S101 - a cost that all rows have was chosen
        return cost


def contest_of(table: CurveTable, half: str, known: Sequence[Genome] = ()) -> Contest:
    """The contest over one half of a table (`first`, `second`), or `both`."""
    from learning_curves import low_resolution

    space, conditions = low_resolution(table.conditions), table.conditions
    rows = tuple(row for row in table.trained if half in ("both", half_of(row)))
    predicted = all(row.costs["predicted_latency_ms"] is not None for row in rows)
    return Contest(
        rows, Fidelity(conditions.steps, decay=conditions.decay), conditions.seeds,
        "predicted_latency_ms" if predicted else "gmacs", space, tuple(known),
    )  # fmt: skip


def half_of(row: CurveRow) -> str:
    """The half that a network belongs to, by its hash: whatever is added to the table, it stays there."""
    return "first" if sum(row.hash.encode()) % 2 == 0 else "second"


def shares(
    contest: Contest, contender: Contender, seed: int, budgets: Sequence[int] = BUDGETS, most: int = BUDGETS[-1]
) -> list[float | None]:
    """The share of the true front that is found at each budget. A search with rungs is made anew for each budget up to
    `most` (None beyond), since it spends the last of it otherwise; of the others what they had found by then counts."""
    noise = contest.seeds[seed % len(contest.seeds)]
    if contender.library == "ours" and contender.rungs:
        runs = [(budget, ours(contest, contender, seed, noise, budget)) for budget in budgets if budget <= most]
    else:
        find = ours if contender.library == "ours" else optuna
        events = find(contest, contender, seed, noise, max(budgets))
        runs = [(budget, events) for budget in budgets]
    found = {budget: contest.share(trained_by(events, contest.fidelity, budget), noise) for budget, events in runs}
    return [found.get(budget) for budget in budgets]


def trained_by(events: Sequence[Event], fidelity: Fidelity, budget: int) -> list[str]:
    """What was fully trained when so many full trainings' worth of steps were spent."""
    found, spent = [], 0
    for network, rung, steps in events:
        spent += steps
        if spent > budget * fidelity.whole:
            break
        if rung == fidelity.last:
            found.append(network)
    return found


def ours(contest: Contest, contender: Contender, seed: int, noise: int, budget: int) -> list[Event]:
    """What a search by the driver trains, in order."""
    fidelity = contest.fidelity
    evaluator = RowEvaluator(contest.by_hash, fidelity.steps, noise, contest.cost)

    def screen(candidate: Any) -> Evaluation:
        return Evaluation({contest.cost: contest.by_hash[candidate.key].costs[contest.cost]})

    def places(count: int, evaluator: Evaluator) -> SimulatedPlaces:
        return SimulatedPlaces(count, evaluator, steps)

    def steps(settings: Settings) -> int:
        return cost(evaluator.rung(settings))

    def cost(rung: int) -> int:
        return fidelity.added(rung) if contender.rungs else fidelity.whole

    rungs: dict[str, Any] = {"fidelity": fidelity, "most_steps": budget * fidelity.whole} if contender.rungs else {}
    if contender.priors:
        rungs["priors"] = contest.priors
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "trials.db"))
        Search(
            contest.space, screen, evaluator, Settings(("miou", contest.cost)), contest.objectives, store, "study",
            len(contest.rows) if contender.rungs else budget, sampler=contender.sampler,
            sampler_options=contender.options, seed=seed, workers=contest.places,
            spec_text=lambda candidate: candidate.key, engine=places, **rungs,
        ).run()  # fmt: skip
        store.close()
    return [(network, rung, cost(rung)) for network, rung in evaluator.seen]


def optuna(contest: Contest, contender: Contender, seed: int, noise: int, budget: int) -> list[Event]:
    """What plain Optuna trains, in memory, as its documentation has it. What it asks for twice is trained once, and
    costs nothing the second time."""
    import logging

    import optuna as library

    library.logging.set_verbosity(logging.ERROR)
    events, known, fidelity = list[Event](), set[tuple[str, int]](), contest.fidelity

    def train(row: CurveRow, rung: int) -> float:
        if (row.hash, rung) not in known:
            known.add((row.hash, rung))
            events.append((row.hash, rung, fidelity.added(rung) if contender.rungs else fidelity.whole))
        return row.scores[rung, noise]

    def objective(trial: Any) -> Any:
        row = contest.space.row(suggested(trial, contest.space.decisions))
        if not contender.rungs:
            return train(row, fidelity.last), row.costs[contest.cost]
        for rung in range(fidelity.last):
            trial.report(train(row, rung), fidelity.steps[rung])
            if trial.should_prune():
                raise library.TrialPruned
        return train(row, fidelity.last)

    def spent(study: Any, trial: Any) -> None:  # noqa: ARG001 - Optuna gives both
        if sum(steps for _, _, steps in events) > budget * fidelity.whole:
            study.stop()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _optuna_study(library, contender, fidelity, seed)
        study.optimize(objective, n_trials=MOST_OPTUNA_TRIALS, callbacks=[spent])
    return events


def _optuna_study(library: Any, contender: Contender, fidelity: Fidelity, seed: int) -> Any:
    sampler = getattr(library.samplers, contender.sampler)(seed=seed)
    if not contender.rungs:
        return library.create_study(directions=["maximize", "minimize"], sampler=sampler)
    pruner = library.pruners.HyperbandPruner(
        min_resource=fidelity.steps[0], max_resource=fidelity.whole, reduction_factor=max(2, round(fidelity.eta))
    )
    return library.create_study(direction="maximize", sampler=sampler, pruner=pruner)


def suggested(trial: Any, decisions: Iterable[Decision]) -> Genome:
    """A genome as Optuna's define-by-run writes it: each decision that exists by what was taken before."""
    genome: dict[str, Any] = {}
    for decision in decisions:
        if exists(decision, genome):
            genome[decision.name] = trial.suggest_categorical(decision.name, decision.options)
    return genome
