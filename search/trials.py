"""Trials of a study as plain values: what was proposed, what became of it, and what is wanted of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from archspec.search.candidates import Genome

if TYPE_CHECKING:
    from archspec.experiment.engines import WorkResult
    from archspec.measures import Evaluation
    from archspec.search.fidelity import Fidelity

State = Literal["proposed", "running", "paused", "done", "rejected", "failed"]
"""`proposed`: waits for a worker. `rejected`: breaks a limit, costs no budget. `failed`: its evaluation crashed.

`paused`: a rung that is not the last is finished; it may be promoted, and is running again then, one rung higher.
"""
FINISHED = ("done", "rejected", "failed")
Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and which way is better."""

    name: str
    direction: Direction = "minimize"

    def describe(self) -> str:
        return f"{self.direction} {self.name}"

    @property
    def sign(self) -> float:
        """What makes smaller better: 1, or -1 for a metric to be maximised."""
        return 1.0 if self.direction == "minimize" else -1.0


@dataclass(frozen=True)
class Trial:
    """One row of the store. `number` counts from 0 in the order of proposal; `key` is unique in the study.

    `metric` is the broken limit's when rejected; `spec` is the network's text (empty where it was never evaluated);
    times are seconds since 1970, 0 where it has not come to that.

    Of a study with fidelities: `rung` is the one it is at, from 0; `rungs` are the values of each that is finished, in
    order (`values` are the newest); `steps` are the training steps that it has cost, those it is at among them.

    `seconds` is how long what is finished of it took; `clocks` are the study's clock when each rung, and the trial,
    were finished: the order in which a sampler heard of them.
    """

    number: int
    key: str
    genome: Genome
    state: State
    values: Mapping[str, float | None] = field(default_factory=dict)
    metric: str = ""
    reason: str = ""
    spec: str = ""
    attempt: int = 1
    crashes: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0
    rung: int = 0
    rungs: tuple[Mapping[str, float | None], ...] = ()
    steps: int = 0
    seconds: float = 0.0
    clocks: tuple[int, ...] = ()


def costs(objectives: tuple[Objective, ...], values: Mapping[str, float | None]) -> tuple[float, ...] | None:
    """The objectives' values with smaller better, or None where one is missing or not finite."""
    found = []
    for objective in objectives:
        value = values.get(objective.name)
        if value is None or not math.isfinite(value):
            return None
        found.append(objective.sign * value)
    return tuple(found)


def at_rung(trial: Trial, rung: int, last: int) -> Trial:
    """A trial as it was when `rung` was finished; `last` is the number of the last rung."""
    values = trial.rungs[rung]
    return replace(trial, state="done" if rung == last else "paused", rung=rung, rungs=trial.rungs[: rung + 1],
                   values=values, metric="", reason="")  # fmt: skip


def closed(
    trial: Trial,
    ended: WorkResult,
    objectives: tuple[Objective, ...],
    fidelity: Fidelity | None = None,
    trained: Callable[[str], bool] = lambda metric: True,
) -> Trial:
    """A trial with what became of it. Steps of a rung whose training was not begun are given back: `trained` says
    whether a metric is a training's."""
    evaluation = ended.evaluation
    if evaluation is None:
        return replace(trial, state="failed", reason=ended.reason)
    if evaluation.rejected is not None:
        rejected = evaluation.rejected
        spared = 0 if fidelity is None or trained(rejected.metric) else fidelity.added(trial.rung)
        return replace(trial, state="rejected", values=evaluation.values, metric=rejected.metric,
                       reason=rejected.reason, steps=max(0, trial.steps - spared))  # fmt: skip
    missing = [objective.name for objective in objectives if costs((objective,), evaluation.values) is None]
    if evaluation.fault or missing:
        reason = evaluation.fault or f"no number for {', '.join(missing)}"
        return replace(trial, state="failed", values=evaluation.values, reason=reason)
    if fidelity is None:
        return replace(trial, state="done", values=evaluation.values)
    state: State = "done" if trial.rung == fidelity.last else "paused"
    return replace(trial, state=state, values=evaluation.values, rungs=(*trial.rungs, evaluation.values))


def in_its_place(
    known: Trial,
    genome: Genome,
    text: str,
    evaluation: Evaluation,
    carries: Callable[[str], bool],
    fidelity: Fidelity | None = None,
) -> Trial | None:
    """The trial of the cheaper `genome` (its spec's `text`) in the place of `known`; None where that stays.

    `evaluation` is the screen's. What was rejected may be feasible now: it is to be evaluated. Of
    what is done (or paused: of every rung) the numbers of the screen are replaced, and those
    that `carries` says are the function's are kept; where one is neither, the network that was measured stays.
    """
    rejected, values = evaluation.rejected, dict(evaluation.values)
    cheaper = replace(known, genome=genome, spec=text, metric="", reason="")
    if known.state == "rejected":
        if rejected is None and not evaluation.fault:
            steps = known.steps + (fidelity.added(0) if fidelity is not None else 0)
            return replace(
                cheaper, state="running", values={}, crashes=0, finished_at=0.0, rung=0, rungs=(), steps=steps
            )
        reason = rejected.reason if rejected else evaluation.fault
        return replace(cheaper, spec="", values=values, metric=rejected.metric if rejected else "", reason=reason)
    if rejected is not None or evaluation.fault:
        return None
    kept = [name for name in known.values if name not in values]
    if not all(map(carries, kept)):
        return None
    reason = f"{', '.join(kept)} of an equivalent network that costs more" if kept else ""
    rungs = tuple({**one, **values} for one in known.rungs)
    return replace(cheaper, values={**known.values, **values}, rungs=rungs, reason=reason)
