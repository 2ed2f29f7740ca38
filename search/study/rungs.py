"""The rungs of a study: what was trained at each, who waits there, and how well each ranked the next and the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archspec.measures import measure_named
from archspec.measures._correlation import FEWEST, RankCorrelation, rank_correlation
from archspec.reporters import Cell, Column, Table
from archspec.search.fidelity import Fidelity
from archspec.search.study.random_networks import full_trainings
from archspec.search.study.result import StudyResult
from archspec.search.trials import Trial, costs


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung, and one metric that is trained: how many reached it, went on and wait (`paused`).

    `following` and `last` say how it ranks candidates as the next rung and the last do, of those that have both; None
    at the last rung, and `following` where the next is the last.
    """

    number: int
    steps: int
    reached: int
    went_on: int
    paused: int
    metric: str
    following: RankCorrelation | None
    last: RankCorrelation | None


def rungs_of(outcome: StudyResult) -> list[Rung]:
    """Every rung with every metric that is trained; nothing for a study without fidelities."""
    study, trials, found = outcome.study, outcome.result.trials, []
    fidelity = study.fidelity
    for number, steps in enumerate(fidelity.steps if fidelity is not None else ()):
        reached = [trial for trial in trials if len(trial.rungs) > number]
        paused = sum(trial.state == "paused" and trial.rung == number for trial in trials)
        went_on = sum(trial.rung > number for trial in reached)
        last = len(fidelity.steps) - 1 if fidelity is not None else 0
        for metric in study.trained:
            found.append(
                Rung(
                    number, steps, len(reached), went_on, paused, metric,
                    _ranked(trials, fidelity, metric, number, number + 1) if number + 1 < last else None,
                    _ranked(trials, fidelity, metric, number, last) if number < last else None,
                )
            )  # fmt: skip
    return found


def _ranked(
    trials: Sequence[Trial], fidelity: Fidelity | None, metric: str, one: int, other: int
) -> RankCorrelation | None:
    if fidelity is None:
        return None
    first, second = (f"{metric} at {fidelity.steps[rung]:,} steps" for rung in (one, other))
    both = [{first: trial.rungs[one].get(metric), second: trial.rungs[other].get(metric)}
            for trial in trials if len(trial.rungs) > other]  # fmt: skip
    return rank_correlation(first, second, both)


def rung_table(outcome: StudyResult) -> Table:
    """A row for each rung (and metric that is trained): counts, and rank correlations with their n."""
    columns = (
        Column("rung", "rung", kind="integer"),
        Column("steps", "steps", kind="integer"),
        Column("reached", "reached", kind="integer"),
        Column("went_on", "went on", kind="integer"),
        Column("paused", "paused", kind="integer"),
        Column("metric", "metric"),
        Column("next", "ranks next", kind="number", digits=2),
        Column("next_n", "n", kind="integer"),
        Column("last", "ranks last", kind="number", digits=2),
        Column("last_n", "n", kind="integer"),
    )
    found = rungs_of(outcome)
    rows = tuple(
        (one.number + 1, one.steps, one.reached, one.went_on, one.paused, one.metric,
         *_cells(one.following or (one.last if one.number + 2 == len(_steps(outcome)) else None)), *_cells(one.last))
        for one in found
    )  # fmt: skip
    ranked = [one.last for one in found if one.last is not None]
    notes = [
        "ranks next, last: Spearman's correlation over candidates that have both rungs, so only those that went on"
    ]
    if any(one.count < FEWEST for one in ranked):
        notes.append(f"- where fewer than {FEWEST} candidates have both")
    return Table("", columns, rows, (*notes, describe_trained(outcome)))


def _steps(outcome: StudyResult) -> tuple[int, ...]:
    fidelity = outcome.study.fidelity
    return () if fidelity is None else fidelity.steps


def _cells(found: RankCorrelation | None) -> tuple[Cell, Cell]:
    return (None, None) if found is None else (found.spearman, found.count)


def describe_trained(outcome: StudyResult) -> str:
    """What all candidates cost."""
    result, whole = outcome.result, full_trainings(outcome.study, outcome.result)
    return f"trained: {result.steps:,} steps, as many as {whole:.1f} full trainings, in {_duration(result.seconds)}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def paused_table(outcome: StudyResult, most: int | None = None) -> Table:
    """The candidates that wait at a rung, those of the highest first, then by the first objective; at most so many."""
    objectives = outcome.study.objectives
    waiting = [trial for trial in outcome.result.trials if trial.state == "paused"]
    waiting.sort(key=lambda trial: (-trial.rung, costs(objectives, trial.values) or (), trial.number))
    names = [objective.name for objective in objectives]
    columns = (
        Column("trial", "paused trial", kind="integer"), Column("rung", "rung", kind="integer"),
        Column("steps", "steps", kind="integer"), *(measure_named(name).column(name, name) for name in names),
    )  # fmt: skip
    steps = _steps(outcome)
    rows = tuple(
        (trial.number, trial.rung + 1, steps[trial.rung], *(trial.values.get(name) for name in names))
        for trial in waiting[:most]
    )
    more = len(waiting) - len(rows)
    return Table("", columns, rows, (f"and {more} more in {PAUSED_FILE}",) if more else ())


PAUSED_FILE = "paused.csv"


def rungs_record(outcome: StudyResult) -> dict[str, Any]:
    """For the record of a study: what was trained, each rung, who waits where. Nothing without fidelities."""
    fidelity, result = outcome.study.fidelity, outcome.result
    if fidelity is None:
        return {}
    trainings = full_trainings(outcome.study, result)
    return {
        "trained": {"steps": result.steps, "trainings": trainings, "seconds": result.seconds},
        "rungs": [
            {"rung": one.number, "steps": one.steps, "reached": one.reached, "went_on": one.went_on,
             "paused": one.paused, "metric": one.metric, "ranks": [_plain(each) for each in (one.following, one.last)
                                                                  if each is not None]}
            for one in rungs_of(outcome)
        ],
        "paused": [{"trial": trial.number, "rung": trial.rung, "values": dict(trial.values)}
                   for trial in result.trials if trial.state == "paused"],
    }  # fmt: skip


def _plain(found: RankCorrelation) -> dict[str, Any]:
    return {"ranked_by": found.first, "against": found.second, "n": found.count, "spearman": found.spearman,
            "kendall": found.kendall}  # fmt: skip
