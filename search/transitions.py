"""What becomes of a trial that was evaluated, or of whose function a cheaper candidate is known; how a search ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from archspec.measures._settings import Evaluation
from archspec.search.candidates import Genome
from archspec.search.trials import Objective, Trial, costs
from archspec.search.watching import Progress, Stopped
from archspec.experiment.engines import WorkResult


def closed(trial: Trial, ended: WorkResult, objectives: tuple[Objective, ...]) -> Trial:
    """A trial with what became of it."""
    evaluation = ended.evaluation
    if evaluation is None:
        return replace(trial, state="failed", reason=ended.reason)
    if evaluation.rejected is not None:
        return replace(trial, state="rejected", values=evaluation.values, metric=evaluation.rejected.metric,
                       reason=evaluation.rejected.reason)  # fmt: skip
    missing = [objective.name for objective in objectives if costs((objective,), evaluation.values) is None]
    if evaluation.fault or missing:
        reason = evaluation.fault or f"no number for {', '.join(missing)}"
        return replace(trial, state="failed", values=evaluation.values, reason=reason)
    return replace(trial, state="done", values=evaluation.values)


def in_its_place(
    known: Trial, genome: Genome, text: str, evaluation: Evaluation, carries: Callable[[str], bool]
) -> Trial | None:
    """The trial of the cheaper `genome` (its spec's `text`) in the place of `known`; None where that stays.

    `evaluation` is the screen's. What was rejected may be feasible now: it is to be evaluated. What waits is swapped
    before it is evaluated. Of what is done the numbers of the screen are replaced, and those that `carries` says are
    the function's are kept; where one is neither, the network that was measured stays.
    """
    rejected, values = evaluation.rejected, dict(evaluation.values)
    cheaper = replace(known, genome=genome, spec=text, metric="", reason="")
    if known.state == "rejected":
        if rejected is None and not evaluation.fault:
            return replace(cheaper, state="running", values={}, crashes=0)
        reason = rejected.reason if rejected else evaluation.fault
        return replace(cheaper, spec="", values=values, metric=rejected.metric if rejected else "", reason=reason)
    if rejected is not None or evaluation.fault:
        return None
    if known.state == "proposed":
        return cheaper
    kept = [name for name in known.values if name not in values]
    if not all(map(carries, kept)):
        return None
    reason = f"{', '.join(kept)} of an equivalent network that costs more" if kept else ""
    return replace(cheaper, values={**known.values, **values}, reason=reason)


def message(stopped: Stopped, progress: Progress, patience: int) -> str:
    """Why a search ended before its budget was spent; nothing where it was."""
    done, wanted = progress.counts.get("done", 0), progress.budget
    return {
        "budget": "",
        "exhausted": f"the space is exhausted: {done} of {wanted} evaluations, no candidate is left",
        "patience": f"given up: {patience} proposals in a row were rejected or known "
                    f"({done} of {wanted} evaluations). Loosen the limits or widen the space",
        "time": f"the time is up: {done} of {wanted} evaluations",
    }[stopped]  # fmt: skip
