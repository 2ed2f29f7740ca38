"""Tree-structured Parzen estimator of Optuna: learns each decision from the better trials."""

from __future__ import annotations

from archspec.search.sampling import Sampler, Task


def tpe(task: Task, startup: int = 10, candidates: int = 24) -> Sampler:
    """Optuna's TPE with its pending trials counted as bad; the first `startup` trials are random."""
    from optuna.samplers import TPESampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    options = {"n_startup_trials": startup, "n_ei_candidates": candidates}
    return OptunaSampler(task, with_seed(TPESampler, options))
