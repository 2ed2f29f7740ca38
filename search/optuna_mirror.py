"""A copy of a study in Optuna's own tables of the same file, so that optuna-dashboard opens on it.

The copy is for looking: nothing is read back from it. optuna-dashboard 0.21 ignores Optuna 5's constraints, so its
Pareto plot may show rejected trials' neighbours; here rejected trials are written as pruned, without values, which
keeps them off that plot. A candidate that waits at a rung is pruned there, too; when it has gone on later it is there
a second time. The front that counts is our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archspec.search.candidates import SearchSpace
from archspec.search.samplers._optuna_study import quiet_optuna
from archspec.search.trials import FINISHED, Objective, Trial

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

NUMBER, RUNG = "archspec number", "archspec rung"
SHOWN = (*FINISHED, "paused")


def mirror(url: str, study: str, space: SearchSpace, objectives: tuple[Objective, ...], trials: Iterable[Trial]) -> int:
    """Write what is finished and not yet there; how many were written. It can be called again at any time."""
    with quiet_optuna():
        import optuna

        storage = optuna.storages.RDBStorage(url)
        directions = [objective.direction for objective in objectives]
        known = optuna.create_study(storage=storage, study_name=study, directions=directions, load_if_exists=True)
        known.set_metric_names([objective.name for objective in objectives])
        notes = [trial.user_attrs for trial in known.get_trials(deepcopy=False)]
        there = {(one.get(NUMBER), one.get(RUNG, 0)) for one in notes}
        missing = [trial for trial in trials if trial.state in SHOWN and (trial.number, trial.rung) not in there]
        for trial in missing:
            storage.create_new_trial(known._study_id, template_trial=_template(space, objectives, trial))
        _let_go(storage)
    return len(missing)


def _template(space: SearchSpace, objectives: tuple[Objective, ...], trial: Trial) -> Any:
    from optuna.trial import TrialState, create_trial

    states = {"done": TrialState.COMPLETE, "rejected": TrialState.PRUNED, "failed": TrialState.FAIL,
              "paused": TrialState.PRUNED}  # fmt: skip
    decisions = [decision for decision in space.decisions if decision.name in trial.genome]
    attributes: dict[str, Any] = {NUMBER: trial.number, "key": trial.key, "feasible": trial.state == "done"}
    attributes |= {RUNG: trial.rung, "steps": trial.steps} if trial.rungs else {}
    attributes |= {"reason": trial.reason} if trial.reason else {}
    attributes |= {name: value for name, value in trial.values.items() if value is not None}
    return create_trial(
        state=states[trial.state],
        values=[trial.values[objective.name] or 0.0 for objective in objectives] if trial.state == "done" else None,
        params={decision.name: trial.genome[decision.name] for decision in decisions},
        distributions={decision.name: _shown(decision) for decision in decisions},
        user_attrs=attributes,
    )


def _shown(decision: Any) -> Any:
    """As a reader wants to see it: the values themselves."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if decision.options:
        return CategoricalDistribution(decision.options)
    return FloatDistribution(decision.low, decision.high, log=decision.log)


def _let_go(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()
