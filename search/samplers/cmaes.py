"""CMA-ES of Optuna, for one objective over numbers; needs the package cmaes."""

from __future__ import annotations

from importlib.util import find_spec

from archspec.errors import user_error
from archspec.search.samplers import Sampler, Task


def cmaes(task: Task) -> Sampler:
    """Optuna's CMA-ES; what is no number is drawn at random.

    Raises `UserError` for several objectives and without the package.
    """
    if len(task.objectives) > 1:
        names = ", ".join(objective.name for objective in task.objectives)
        raise user_error(f"the sampler cmaes works on one objective ({names})",
                         "Keep one objective and make the others limits, or take nsga2")  # fmt: skip
    if find_spec("cmaes") is None:
        raise user_error("the sampler cmaes needs the package cmaes, which is not installed",
                         "pip install cmaes, or take the sampler tpe")  # fmt: skip
    from optuna.samplers import CmaEsSampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    return OptunaSampler(task, with_seed(CmaEsSampler, {}), tries=8, replay=True, rejects=False)
