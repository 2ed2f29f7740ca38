"""Tree-structured Parzen estimator of Optuna: learns from the better trials which values go together."""

from __future__ import annotations

from archspec.search.samplers import Sampler, Task


def tpe(task: Task, startup: int = 10, candidates: int = 24) -> Sampler:
    """Optuna's TPE, pending trials counted as bad; the first `startup` trials are random.

    Multivariate, in groups of what exists together: one model a proposal instead of one a decision takes a fifth of
    the time with several objectives (docs/search.md), and the front is no worse.
    """
    from optuna.samplers import TPESampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    options = {"n_startup_trials": startup, "n_ei_candidates": candidates, "multivariate": True, "group": True}
    return OptunaSampler(task, with_seed(TPESampler, options), enough=startup)
