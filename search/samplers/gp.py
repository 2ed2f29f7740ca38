"""Gaussian process of Optuna, for few trials in small spaces; needs torch."""

from __future__ import annotations

from importlib.util import find_spec

from archspec.errors import user_error
from archspec.search.samplers import Sampler, Task


def gp(task: Task, startup: int = 10) -> Sampler:
    """Optuna's GP sampler. What is conditional is drawn at random. Raises `UserError` without torch."""
    if find_spec("torch") is None:
        raise user_error("the sampler gp needs torch, which is not installed",
                         "pip install torch, or take the sampler tpe")  # fmt: skip
    from optuna.samplers import GPSampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    return OptunaSampler(task, with_seed(GPSampler, {"n_startup_trials": startup}), rejects=False, enough=startup)
