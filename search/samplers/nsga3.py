"""NSGA-III of Optuna: as NSGA-II, spread by reference directions; for three objectives and more."""

from __future__ import annotations

from archspec.search.samplers import Sampler, Task


def nsga3(task: Task, population: int = 12) -> Sampler:
    """Optuna's NSGA-III; the first `population` trials are random."""
    from optuna.samplers import NSGAIIISampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    return OptunaSampler(
        task, with_seed(NSGAIIISampler, {"population_size": population}), tries=4, replay=True, enough=population
    )
